// Lease, Event, Secret, ConfigMap, ValidatingWebhookConfiguration. Source: coordination.k8s.io/v1,
// events.k8s.io/v1, core/v1, admissionregistration.k8s.io/v1.
#include "kube/json/base64.h"
#include "kube/json/describe.h"

namespace berth::json {

void describe(Archive& archive, Lease& lease) {
  member(archive, "metadata", lease.meta, Write::kAlways);
  group(archive, "spec", true, [&] {
    member(archive, "holderIdentity", lease.holder);
    member(archive, "leaseDurationSeconds", lease.duration_seconds);
    member(archive, "acquireTime", lease.acquire_time);
    member(archive, "renewTime", lease.renew_time);
    member(archive, "leaseTransitions", lease.transitions, Write::kAlways);
  });
}

void describe(Archive& archive, ObjectReference& reference) {
  member(archive, "apiVersion", reference.api_version);
  member(archive, "kind", reference.kind);
  member(archive, "namespace", reference.ns);
  member(archive, "name", reference.name);
  member(archive, "uid", reference.uid);
  member(archive, "resourceVersion", reference.resource_version);
}

void describe(Archive& archive, Event& event) {
  member(archive, "metadata", event.meta, Write::kAlways);
  member(archive, "eventTime", event.event_time);
  member(archive, "type", event.type);
  member(archive, "reason", event.reason);
  member(archive, "action", event.action);
  member(archive, "note", event.note);
  member(archive, "reportingController", event.reporting_controller);
  member(archive, "reportingInstance", event.reporting_instance);
  member(archive, "regarding", event.regarding);
}

// `bytes` is raw in the model and base64 on the wire. An error never shows the text.
static void describe_bytes(Archive& archive, std::string_view name, std::string& bytes) {
  std::string text = archive.reading() ? "" : base64_encoded(bytes);
  if (!archive.enter(name, !text.empty())) return;
  archive.text(text);
  if (archive.reading()) {
    if (auto decoded = base64_decoded(text)) {
      bytes = std::move(*decoded);
    } else {
      archive.fail("this is not base64 (RFC 4648 with padding)");
    }
  }
  archive.leave();
}

void describe(Archive& archive, Secret& secret) {
  member(archive, "metadata", secret.meta, Write::kAlways);
  member(archive, "type", secret.type);
  if (!archive.enter("data", !secret.data.empty())) return;
  std::map<std::string, std::string> encoded;
  for (const auto& [key, bytes] : secret.data) encoded[key] = base64_encoded(bytes);
  archive.string_map(encoded);
  if (archive.reading()) {
    for (const auto& [key, text] : encoded) {
      if (auto bytes = base64_decoded(text)) {
        secret.data[key] = std::move(*bytes);
      } else {
        archive.fail("the value of " + key + " is not base64 (RFC 4648 with padding)");
      }
    }
  }
  archive.leave();
}

void describe(Archive& archive, ConfigMap& config_map) {
  member(archive, "metadata", config_map.meta, Write::kAlways);
  member(archive, "immutable", config_map.immutable);
  member(archive, "data", config_map.data);
}

static void describe(Archive& archive, WebhookServiceReference& service) {
  member(archive, "namespace", service.ns, Write::kAlways);
  member(archive, "name", service.name, Write::kAlways);
  member(archive, "path", service.path);
  member(archive, "port", service.port);
}

static void describe(Archive& archive, WebhookRule& rule) {
  member(archive, "operations", rule.operations);
  member(archive, "apiGroups", rule.api_groups);
  member(archive, "apiVersions", rule.api_versions);
  member(archive, "resources", rule.resources);
  member(archive, "scope", rule.scope);
}

void describe(Archive& archive, MatchCondition& condition) {
  member(archive, "name", condition.name, Write::kAlways);
  member(archive, "expression", condition.expression, Write::kAlways);
}

static void describe(Archive& archive, ValidatingWebhook& webhook) {
  member(archive, "name", webhook.name, Write::kAlways);
  group(archive, "clientConfig", true, [&] {
    member(archive, "url", webhook.url);
    member(archive, "service", webhook.service);
    describe_bytes(archive, "caBundle", webhook.ca_bundle);
  });
  member(archive, "rules", webhook.rules);
  member(archive, "failurePolicy", webhook.failure_policy);
  member(archive, "matchPolicy", webhook.match_policy);
  member(archive, "namespaceSelector", webhook.namespace_selector);
  member(archive, "objectSelector", webhook.object_selector);
  member(archive, "matchConditions", webhook.match_conditions);
  member(archive, "sideEffects", webhook.side_effects);
  member(archive, "timeoutSeconds", webhook.timeout_seconds);
  member(archive, "admissionReviewVersions", webhook.admission_review_versions);
}

void describe(Archive& archive, ValidatingWebhookConfiguration& configuration) {
  member(archive, "metadata", configuration.meta, Write::kAlways);
  member(archive, "webhooks", configuration.webhooks);
}

}  // namespace berth::json
