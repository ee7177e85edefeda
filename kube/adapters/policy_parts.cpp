#include "kube/adapters/policy_parts.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/base/cidr.h"
#include "kube/adapters/path.h"

namespace berth::adapters {
namespace {

using json::Tree;

constexpr std::size_t kMostGiven = 100'000;  // peers, ports and networks

bool is_certain(const NetworkPolicyPeer& peer) {
  return peer.cidr && Cidr::parse_loosely(*peer.cidr).ok() &&
         std::all_of(peer.except.begin(), peer.except.end(),
                     [](const std::string& text) { return Cidr::parse_loosely(text).ok(); });
}

std::size_t length_of(const NetworkPolicyRule& rule) {
  std::size_t length = 1 + rule.ports.size();
  for (const NetworkPolicyPeer& peer : rule.peers) length += 1 + peer.except.size();
  return length;
}

}  // namespace

const Tree::List& list_at(const Tree& tree, Tree::Path path) {
  static const Tree::List nothing;
  const Tree* found = tree.find(path);
  const Tree::List* list = found == nullptr ? nullptr : found->as_list();
  return list == nullptr ? nothing : *list;
}

std::vector<std::string> texts_at(const Tree& tree, Tree::Path path) {
  std::vector<std::string> texts;
  for (const Tree& element : list_at(tree, path)) {
    if (std::string text = text_of(element); !text.empty()) texts.push_back(std::move(text));
  }
  return texts;
}

bool says_nothing(const Tree& value) {
  if (const auto* text = value.as_text()) return text->empty();
  if (const auto* list = value.as_list()) return list->empty();
  if (const auto* object = value.as_object()) return object->empty();
  return value.is_null();
}

bool says_something(const Tree& tree, std::string_view member) {
  const Tree* found = tree.find({member});
  return found != nullptr && !says_nothing(*found);
}

std::string network_text(const std::string& text) {
  const auto address = Cidr::parse_address(text);
  return address.ok() ? to_string(*address) : text;
}

NetworkPolicyPeer block_of(const std::string& cidr, const std::vector<std::string>& except) {
  NetworkPolicyPeer peer;
  peer.cidr = network_text(cidr);
  for (const std::string& text : except) peer.except.push_back(network_text(text));
  return peer;
}

NetworkPolicyPeer somebody_inside() {
  NetworkPolicyPeer peer;
  peer.pod_selector.emplace();
  return peer;
}

LabelSelector nobody() { return {{}, {{"", "In", {}}}}; }

std::int64_t port_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && text.front() != '0' && Port::checked(number).ok() ? number : 0;
}

void Refusals::add(NetworkPolicyRule refused) {
  const bool is_of_everybody = refused.peers.empty();
  std::erase_if(refused.peers, [](const NetworkPolicyPeer& peer) { return !is_certain(peer); });
  if (refused.peers.empty() && !is_of_everybody) return;
  length_ += length_of(refused);
  all_.push_back(std::move(refused));
}

void Refusals::give_to(NetworkPolicyRule& rule) {
  if (given_ + length_ > kMostGiven) return;
  rule.refused = all_;
  given_ += length_;
}

void Refusals::forget() {
  all_.clear();
  length_ = 0;
}

}  // namespace berth::adapters
