// What the readers of other projects' policies have in common (cilium_policy.h, calico_policy.h).
//
// Thread-safety: pure functions, and a value.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/network_policy.h"
#include "kube/json/tree.h"

namespace berth::adapters {

inline constexpr std::array kEveryProtocol = {Protocol::kTcp, Protocol::kUdp, Protocol::kSctp};
inline constexpr std::array kEveryAddress = {"0.0.0.0/0", "::/0"};

// The elements of a list; nothing when there is none.
const json::Tree::List& list_at(const json::Tree& tree, json::Tree::Path path);
// Those of them that are a text or a number.
std::vector<std::string> texts_at(const json::Tree& tree, json::Tree::Path path);
// null, "", [] or {}: as good as not there.
bool says_nothing(const json::Tree& value);
bool says_something(const json::Tree& tree, std::string_view member);

// A single address as a network; any other text as it is.
std::string network_text(const std::string& text);
// A network, or a single address as one.
NetworkPolicyPeer block_of(const std::string& cidr, const std::vector<std::string>& except = {});
// Pods, nodes or Services, whichever they are.
NetworkPolicyPeer somebody_inside();
LabelSelector nobody();

// "5432" as 1..65535; 0: it is no such number.
std::int64_t port_number(std::string_view text);

// What rules refuse, as the rules that let somebody in get it.
//
// An object from outside may have thousands of both. All rules together get no more than some: beyond that
// less is refused than the policy does, which is never less safe.
class Refusals {
 public:
  // Of its peers only those with addresses that can be read; no peers: everybody.
  void add(NetworkPolicyRule refused);
  void give_to(NetworkPolicyRule& rule);
  // What was added, so that others can be.
  void forget();

 private:
  std::vector<NetworkPolicyRule> all_ = {};
  std::size_t length_ = 0;
  std::size_t given_ = 0;
};

}  // namespace berth::adapters
