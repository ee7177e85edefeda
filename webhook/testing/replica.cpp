#include "webhook/testing/replica.h"

#include <utility>

#include "core/base/api_names.h"

namespace berth::webhook::test {

Replica::Replica(testing::FakeApiServer& server, const runtime::Clock& clock, Duration skew,
                 UpkeepConfig config, Validity validity, Wrap wrap)
    : transport(server),
      clock_(clock, skew),
      client_(transport, {.field_manager = kWebhookManager}),
      config_(std::move(config)),
      validity_(validity),
      wrap_(wrap) {
  start();
}

void Replica::start() {
  served_.clear();
  auto keeper =
      std::make_unique<CertificateKeeper>(client_, clock_, ObjectKey{"berth-system", kWebhookSecret},
                                          certificate_names(config_.registration), validity_);
  keeper->on_advance([this](Stage stage) { stages.push_back(stage); });
  std::unique_ptr<CertificateSource> source;
  if (wrap_ != nullptr) {
    source = wrap_(std::move(keeper));
  } else {
    source = std::move(keeper);
  }
  UpkeepHooks hooks;
  hooks.ready_to_register = [this] { return cluster_read; };
  hooks.serve = [this](const http::KeyPair& pair) {
    served_ = pair.certificate_pem;
    return ok_status();
  };
  hooks.registered = [this](std::string_view how) { told.push_back("registered " + std::string(how)); };
  hooks.deleted = [this] { told.emplace_back("deleted"); };
  hooks.standing = [this](bool stands) { standing = stands; };
  hooks.serving = [](const OfferedCertificate&) {};
  hooks.failed = [this](const char* doing, const Error& error) {
    told.push_back("failed " + std::string(doing) + ": " + error.message);
  };
  upkeep_ = std::make_unique<Upkeep>(client_, clock_, config_, std::move(source), std::move(hooks));
}

UpkeepConfig upkeep_config() {
  UpkeepConfig config;
  config.registration.url = "https://127.0.0.1:9443";
  config.registration.excluded_namespaces = {"kube-system"};
  config.registration.adapters = {};
  return config;
}

}  // namespace berth::webhook::test
