// Narrowing: what an operator may do that works in some namespaces, and what it must have left alone.
//
// Shares no code with the scope that the operator works by, beyond the list of names. Thread-safety: none.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/base/namespace_scope.h"
#include "kube/http/transport.h"
#include "kube/testing/fake_api_server.h"

namespace berth::controller {

// The roles of deploy/, bound in some namespaces: everything else that is asked of a namespaced kind, the
// whole cluster above all, is refused with 403, and noted.
class NamespacedRights final : public http::Transport {
 public:
  // Everything is permitted until it is narrowed.
  explicit NamespacedRights(http::Transport& inner) : inner_(&inner) {}

  void narrow(NamespaceScope scope) { scope_ = std::move(scope); }
  // What was asked for in other namespaces than those of the scope that is no reading, events apart;
  // permitted or not. (History does not tell who deleted something.)
  [[nodiscard]] std::vector<std::string> written_elsewhere(const NamespaceScope& scope) const;
  [[nodiscard]] const NamespaceScope& scope() const { return scope_; }
  void forget_writes() { written_.clear(); }
  // "GET /api/v1/services?limit=500"
  [[nodiscard]] const std::vector<std::string>& refused() const { return refused_; }

  Result<http::Response> exchange(const http::Request& request, std::chrono::milliseconds deadline) override;
  Result<std::unique_ptr<http::Stream>> open(const http::Request& request,
                                             std::chrono::milliseconds deadline) override;

 private:
  bool refuse(const http::Request& request);

  http::Transport* inner_;
  NamespaceScope scope_ = {};
  std::vector<std::string> refused_ = {};
  std::vector<std::pair<std::string, std::string>> written_ = {};  // namespace, request
};

// What `manager` changed since a revision that concerns other namespaces than those of the scope: objects
// there, and entries of ledgers whose owner is, or was, there. One line each.
std::vector<std::string> touched(const std::vector<testing::Revision>& history, const NamespaceScope& scope,
                                 std::int64_t since, const std::string& manager);

}  // namespace berth::controller
