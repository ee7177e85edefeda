// ConformanceKit: what the conformance checks have in common.
//
// Private to the checks. Thread-safety: one owner.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "kube/client/client.h"
#include "kube/testing/builders.h"
#include "kube/testing/conformance.h"
#include "kube/wire/kind.h"

namespace berth::testing {

class ConformanceKit {
 public:
  explicit ConformanceKit(const ConformanceSetting& setting)
      : setting_(setting), client_(client_of(setting, "conformance")) {}

  [[nodiscard]] const ConformanceSetting& setting() const { return setting_; }
  [[nodiscard]] const client::Client& client() const { return client_; }
  [[nodiscard]] client::Client as_manager(const std::string& manager) const {
    return client_of(setting_, manager);
  }
  [[nodiscard]] std::string name(const std::string& suffix) const { return setting_.prefix + "-" + suffix; }
  [[nodiscard]] ObjectKey key(const std::string& suffix) const { return {setting_.ns, name(suffix)}; }

  [[nodiscard]] PortAllocation allocation(const std::string& suffix) const {
    return make_palloc(setting_.ns, name(suffix), "conformance",
                       {make_palloc_port("api", std::int64_t{8080})});
  }
  [[nodiscard]] Service service(const std::string& suffix, std::vector<ServicePort> ports,
                                std::string type = "NodePort") const {
    return make_service(setting_.ns, name(suffix), std::move(ports), std::move(type));
  }
  // Numbers that only these checks use, counted from the upper end of the range.
  [[nodiscard]] std::int64_t number(std::int64_t n) const { return setting_.node_port_high - n; }

  // Removes what bears the name, whoever made it.
  template <class T>
  void clear(const wire::Kind& kind, const std::string& suffix) const {
    auto found = client_.get<T>(kind, key(suffix));
    if (!found.ok()) return;
    if (!found->meta.finalizers.empty()) {
      (void)client_.merge_patch<T>(kind, key(suffix), R"({"metadata":{"finalizers":null}})");
    }
    (void)client_.remove<T>(kind, key(suffix), {.uid = found->meta.uid});
  }

 private:
  static client::Client client_of(const ConformanceSetting& setting, const std::string& manager) {
    client::Client::Config config;
    config.field_manager = manager;
    return client::Client(*setting.transport, config);
  }

  const ConformanceSetting& setting_;
  client::Client client_;
};

inline Status expect(bool holds, const std::string& what) {
  if (holds) return ok_status();
  return malformed("expected " + what);
}

// The call failed, and with that code.
template <class T>
Status expect_code(const Result<T>& result, Code code, const std::string& what) {
  if (result.ok()) return malformed(what + ": expected " + to_string(code) + ", but it succeeded");
  if (result.error().code == code) return ok_status();
  return malformed(what + ": expected " + to_string(code) + ", got " + to_string(result.error().code) + ": " +
                   result.error().message);
}

std::vector<ConformanceCheck> object_checks();
std::vector<ConformanceCheck> service_checks();
std::vector<ConformanceCheck> apply_checks();
std::vector<ConformanceCheck> watch_checks();

}  // namespace berth::testing
