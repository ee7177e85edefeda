// Small kinds of the machinery: Lease, Event, Secret, ValidatingWebhookConfiguration.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/model/meta.h"

namespace berth {

// coordination.k8s.io/v1.
struct Lease {
  Meta meta = {};
  std::string holder = {};
  std::int64_t duration_seconds = 0;
  std::string acquire_time = {};  // MicroTime
  std::string renew_time = {};    // MicroTime
  std::int64_t transitions = 0;

  bool operator==(const Lease&) const = default;
};

struct ObjectReference {
  std::string api_version = {};
  std::string kind = {};
  std::string ns = {};
  std::string name = {};
  Uid uid = {};
  std::string resource_version = {};

  bool operator==(const ObjectReference&) const = default;
};

// events.k8s.io/v1.
struct Event {
  Meta meta = {};
  std::string event_time = {};  // MicroTime
  std::string type = {};        // Normal, Warning
  std::string reason = {};
  std::string action = {};
  std::string note = {};
  std::string reporting_controller = {};
  std::string reporting_instance = {};
  ObjectReference regarding = {};

  bool operator==(const Event&) const = default;
};

// core/v1 Secret; values are raw bytes here, base64 on the wire.
struct Secret {
  Meta meta = {};
  std::string type = {};
  std::map<std::string, std::string> data = {};

  bool operator==(const Secret&) const = default;
};

struct WebhookServiceReference {
  std::string ns = {};
  std::string name = {};
  std::string path = {};
  std::int64_t port = 0;

  bool operator==(const WebhookServiceReference&) const = default;
};

struct WebhookRule {
  std::vector<std::string> operations = {};
  std::vector<std::string> api_groups = {};
  std::vector<std::string> api_versions = {};
  std::vector<std::string> resources = {};
  std::string scope = {};

  bool operator==(const WebhookRule&) const = default;
};

struct MatchCondition {
  std::string name = {};
  std::string expression = {};

  bool operator==(const MatchCondition&) const = default;
};

struct ValidatingWebhook {
  std::string name = {};
  std::string url = {};  // one of url and service
  std::optional<WebhookServiceReference> service = {};
  std::string ca_bundle = {};  // PEM; base64 on the wire
  std::vector<WebhookRule> rules = {};
  std::string failure_policy = {};
  std::string match_policy = {};
  LabelSelector namespace_selector = {};
  LabelSelector object_selector = {};  // of the object, or of what it was
  std::vector<MatchCondition> match_conditions = {};
  std::string side_effects = {};
  std::int64_t timeout_seconds = 0;
  std::vector<std::string> admission_review_versions = {};

  bool operator==(const ValidatingWebhook&) const = default;
};

struct ValidatingWebhookConfiguration {
  Meta meta = {};
  std::vector<ValidatingWebhook> webhooks = {};

  bool operator==(const ValidatingWebhookConfiguration&) const = default;
};

}  // namespace berth
