#include "core/exposure/rules.h"

#include <algorithm>
#include <array>

#include "core/base/api_names.h"
#include "core/base/cidr.h"
#include "core/exposure/addresses.h"
#include "core/exposure/allocations.h"
#include "core/exposure/connection.h"
#include "core/exposure/container_ports.h"
#include "core/exposure/fingerprints.h"
#include "core/exposure/places.h"
#include "core/exposure/rule_catalogue.h"
#include "core/exposure/wording.h"

namespace berth::exposure {
namespace {

constexpr char kReachable[] = " and would be reachable from outside the cluster";
constexpr char kOpenToOutside[] = " and would be open to addresses outside the cluster";

constexpr char kByTheServer[] = " and would be reachable through the API server";
constexpr char kPerhapsByTheServer[] =
    " and could be reached through the API server, for the request does not tell the port";

// Of an internal number, after the policy.
const char* consequence_of(const WayOut& way) {
  if (way.via == Via::kNetworkPolicy) return kOpenToOutside;
  if (way.via != Via::kConnect) return kReachable;
  const bool untold = way.connection != nullptr && way.connection->by == ConnectsBy::kPortForward &&
                      way.connection->ports.empty();
  return untold ? kPerhapsByTheServer : kByTheServer;
}

// Everything a rule may look at.
struct Question {
  const WayOut& way;
  const PolicyTable& policy;
  const Facts& facts;
  Instant now;

  [[nodiscard]] const ExposurePolicySpec& spec() const { return policy.policy().spec; }
  [[nodiscard]] bool excepted(std::int64_t number) const {
    return policy.exception(way, number, now) != nullptr;
  }
  // An exception for the container port holds the whole way open, except for internal numbers.
  [[nodiscard]] bool end_excepted() const { return way.container_port != 0 && excepted(way.container_port); }
};

Decision decision_of(const std::string& setting, Decision when_absent) {
  if (setting == "Deny") return Decision::kDeny;
  if (setting == "Warn") return Decision::kWarn;
  if (setting == "Allow") return Decision::kAllow;
  return when_absent;
}

struct Listed {
  std::int64_t number;
  const Listing* listing;
};

// Listings of the way's numbers that decide and are external, with their numbers.
std::vector<Listed> external_listings(const Question& question) {
  std::vector<Listed> found;
  for (const std::int64_t number : question.way.numbers()) {
    for (const Listing* listing : question.policy.standing(number, question.way.protocol)) {
      if (!listing->internal) found.push_back({number, listing});
    }
  }
  return found;
}

// --- the rules ---

using Rule = std::optional<Objection> (*)(const Question&);

// Internal beats everything but an exception for exactly that number.
std::optional<Objection> internal_number(const Question& question) {
  if (question.way.is_left_open()) return std::nullopt;
  for (const std::int64_t number : question.way.numbers()) {
    const std::vector<const Listing*> standing = question.policy.standing(number, question.way.protocol);
    if (standing.empty() || !standing.front()->internal || question.excepted(number)) continue;
    Objection objected{question.way.connection == nullptr ? Ground::kInternal : Ground::kConnect,
                       Decision::kDeny, number,
                       port_text(number, question.way.protocol, standing.front()->entry) + " is internal",
                       consequence_of(question.way)};
    if (const auto* awaited = question.policy.awaited_exception(question.way, number, question.now)) {
      objected.awaited = one_line(awaited->workload.kind + " " + awaited->ns + "/" + awaited->workload.name);
    }
    return objected;
  }
  return std::nullopt;
}

// What a slice by hand may not lead to (exposure.md row 17).
std::optional<Objection> forbidden_address(const Question& question) {
  const std::string_view what = nobodys_address(question.way.address);
  if (what.empty() || question.end_excepted()) return std::nullopt;
  return Objection{Ground::kAddress, Decision::kDeny, question.way.container_port,
                   "address " + one_line(std::string(question.way.address)) + " (" + std::string(what) +
                       ") is no pod's, and " +
                       (question.way.backend != nullptr ? "a backend" : "an exposed Service") +
                       " that leads there is refused",
                   ""};
}

// Whether a pod's own address can be reached from outside is not known, so spec.unknown decides.
std::optional<Objection> left_open(const Question& question) {
  if (!question.way.is_left_open()) return std::nullopt;
  const std::int64_t number = question.way.container_port;
  const std::vector<const Listing*> standing = question.policy.standing(number, question.way.protocol);
  if (standing.empty() || !standing.front()->internal) return std::nullopt;
  Decision decision = decision_of(question.spec().unknown, Decision::kUnknown);
  if (decision == Decision::kAllow) return std::nullopt;
  if (decision == Decision::kWarn) decision = Decision::kUnknown;
  return Objection{Ground::kLeftOpen, decision, number,
                   port_text(number, question.way.protocol, standing.front()->entry) + " is internal",
                   " and no NetworkPolicy would keep outsiders from it any more"};
}

// Any program may run in it.
std::optional<Objection> debug_container(const Question& question) {
  if (!question.way.is_debug_container() || question.excepted(0)) return std::nullopt;
  Decision decision = decision_of(question.spec().unknown, Decision::kUnknown);
  if (decision == Decision::kAllow) return std::nullopt;
  if (decision == Decision::kWarn) decision = Decision::kUnknown;
  for (const DeclaredPort& end : declared_ports(question.way.workload->pod)) {
    const std::vector<const Listing*> standing =
        question.policy.standing(end.port->container_port, end.port->protocol);
    if (standing.empty() || !standing.front()->internal) continue;
    return Objection{
        Ground::kDebug, decision, end.port->container_port,
        port_text(end.port->container_port, end.port->protocol, standing.front()->entry) + " is internal",
        " and a debug container of the pod could lead to it from a port that is exposed"};
  }
  return std::nullopt;
}

// A deprecated port whose date has come.
std::optional<Objection> removed_port(const Question& question) {
  for (const auto& [number, listing] : external_listings(question)) {
    if (!listing->refused_from || question.now < *listing->refused_from || question.excepted(number))
      continue;
    return Objection{
        Ground::kRemoved, Decision::kDeny, number,
        port_text(number, question.way.protocol, listing->entry) + " is deprecated",
        removal_text(*listing->entry) + ", refused since " + one_line(listing->entry->deprecated->after)};
  }
  return std::nullopt;
}

// tls: Passthrough holds for the number shown and for the container port; an Ingress ends TLS itself, and so
// does a listener of a Gateway that is not told otherwise.
std::optional<Objection> ends_tls(const Question& question) {
  const Entrance* entrance = question.way.entrance;
  if (entrance == nullptr || !question.way.ends_tls) return std::nullopt;
  for (const auto& [number, listing] : external_listings(question)) {
    const bool binds = number == question.way.shown || number == question.way.container_port;
    if (!binds || listing->entry->tls != "Passthrough" || question.excepted(number)) continue;
    return Objection{Ground::kEndsTls, Decision::kDeny, number,
                     port_text(number, question.way.protocol, listing->entry) +
                         " must keep its TLS up to the container (tls: Passthrough)",
                     ", and " + article(entrance->kind) + entrance->kind + " ends TLS"};
  }
  return std::nullopt;
}

bool sources_inside(const Question& question, const std::vector<std::string>& networks) {
  const auto readable_and_inside = [&](const std::string& text) {
    const Result<Cidr> range = Cidr::parse(text);
    return range.ok() && question.policy.inside(*range, networks);
  };
  const std::vector<std::string>& ranges = question.way.audience.sources;
  if (question.way.via == Via::kLoadBalancer && !ranges.empty() &&
      std::all_of(ranges.begin(), ranges.end(), readable_and_inside)) {
    return true;
  }
  const AllocationPort* allocated = covering_port(question.way, question.facts);
  if (allocated == nullptr || allocated->allow_from.empty()) return false;
  return std::all_of(allocated->allow_from.begin(), allocated->allow_from.end(),
                     [&](const AllocationPeer& peer) {
                       if (!peer.network.empty()) {
                         return std::find(networks.begin(), networks.end(), peer.network) != networks.end();
                       }
                       // Namespaces and pods are inside the cluster and no way out.
                       return peer.cidr.empty() || readable_and_inside(peer.cidr);
                     });
}

std::string ranges_of(const ExposurePolicySpec& spec, const std::vector<std::string>& networks) {
  std::string text;
  for (const PolicyNetwork& network : spec.networks) {
    if (std::find(networks.begin(), networks.end(), network.name) == networks.end()) continue;
    for (const std::string& cidr : network.cidrs) text += (text.empty() ? "" : ", ") + one_line(cidr);
  }
  return text;
}

// `from` binds the sources. Lines that list one number are alternatives; one without `from` lets everybody
// in.
std::optional<Objection> open_sources(const Question& question) {
  for (const std::int64_t number : question.way.numbers()) {
    const std::vector<const Listing*> standing = question.policy.standing(number, question.way.protocol);
    if (standing.empty() || standing.front()->internal || question.excepted(number)) continue;
    std::vector<std::string> networks;
    bool everybody = false;
    for (const Listing* listing : standing) {
      everybody = everybody || listing->entry->from.empty();
      networks.insert(networks.end(), listing->entry->from.begin(), listing->entry->from.end());
    }
    if (everybody || sources_inside(question, networks)) continue;
    std::string names;
    for (const std::string& name : networks) names += (names.empty() ? "" : ", ") + one_line(name);
    return Objection{
        Ground::kSources,
        Decision::kDeny,
        number,
        port_text(number, question.way.protocol, standing.front()->entry) + " is for " + names + " only",
        ", and this way is not restricted to " + std::string(networks.size() == 1 ? "it" : "them"),
        ranges_of(question.spec(), networks)};
  }
  return std::nullopt;
}

// `shownOn` binds where the way is shown. As with `from`, lines that list one number are alternatives.
std::optional<Objection> shown_elsewhere(const Question& question) {
  for (const std::int64_t number : question.way.numbers()) {
    const std::vector<const Listing*> standing = question.policy.standing(number, question.way.protocol);
    if (standing.empty() || standing.front()->internal || question.excepted(number)) continue;
    std::vector<std::string> networks;
    bool anywhere = false;
    for (const Listing* listing : standing) {
      anywhere = anywhere || listing->entry->shown_on.empty();
      networks.insert(networks.end(), listing->entry->shown_on.begin(), listing->entry->shown_on.end());
    }
    if (anywhere) continue;
    const Placement place = placement(question.way, question.policy, networks);
    if (place == Placement::kWithin) continue;
    Objection objected{Ground::kPlace,
                       Decision::kDeny,
                       number,
                       port_text(number, question.way.protocol, standing.front()->entry) +
                           " is to be shown on network " + joined(networks) + " only",
                       ", and this way is shown on " + place_text(question.way),
                       places_of(question.policy, networks)};
    if (place == Placement::kUnknown) {
      objected.decision = decision_of(question.spec().unknown, Decision::kUnknown);
      if (objected.decision == Decision::kAllow) continue;
      if (objected.decision == Decision::kWarn) objected.decision = Decision::kUnknown;
      objected.consequence = ", and it is not known on which this way is";
    }
    return objected;
  }
  return std::nullopt;
}

// The container port is not known: spec.unknown decides (default Warn, which stays Unknown).
std::optional<Objection> unresolved_end(const Question& question) {
  if (question.way.unresolved.empty()) return std::nullopt;
  if (question.way.via == Via::kCustom && question.excepted(0)) return std::nullopt;
  Decision decision = decision_of(question.spec().unknown, Decision::kUnknown);
  if (decision == Decision::kAllow) return std::nullopt;
  if (decision == Decision::kWarn) decision = Decision::kUnknown;
  return Objection{
      Ground::kUnresolved, decision, 0,
      std::string(question.way.container_port != 0 ? "it is not known at which number this is shown"
                                                   : "it is not known which container port this opens") +
          " (" + one_line(question.way.unresolved) + "), " +
          (decision == Decision::kDeny ? "refused" : "reported"),
      ""};
}

// Neither listed as external nor allocated: spec.undeclared decides (default Deny). The number named is the
// container's, for a node port chosen by the cluster says nothing.
std::optional<Objection> undeclared_way(const Question& question) {
  if (!question.way.unresolved.empty() || !external_listings(question).empty()) return std::nullopt;
  const std::vector<std::int64_t> numbers = question.way.numbers();
  if (numbers.empty()) return std::nullopt;
  for (const std::int64_t number : numbers) {
    if (question.excepted(number)) return std::nullopt;
  }
  if (covering_port(question.way, question.facts) != nullptr) return std::nullopt;
  const Decision decision = decision_of(question.spec().undeclared, Decision::kDeny);
  if (decision == Decision::kAllow) return std::nullopt;
  return Objection{
      Ground::kUndeclared, decision, numbers.front(),
      port_text(numbers.front(), question.way.protocol, nullptr) + " is not declared as external",
      kReachable};
}

// Still allowed, but not for long.
std::optional<Objection> deprecated_port(const Question& question) {
  for (const auto& [number, listing] : external_listings(question)) {
    if (!listing->entry->deprecated || question.excepted(number)) continue;
    const std::string& after = listing->entry->deprecated->after;
    return Objection{
        Ground::kDeprecated, Decision::kWarn, number,
        port_text(number, question.way.protocol, listing->entry) + " is deprecated",
        removal_text(*listing->entry) + (after.empty() ? "" : ", refused from " + one_line(after))};
  }
  return std::nullopt;
}

// An internal service by the look of it, at a number that nobody calls internal (exposure.md row 51). A guess
// denies nothing.
std::optional<Objection> moved_service_port(const Question& question) {
  const auto moved = moved_service(question.way);
  if (!moved) return std::nullopt;
  const std::vector<const Listing*> standing =
      question.policy.standing(moved->usual_port, question.way.protocol);
  if (standing.empty() || !standing.front()->internal) return std::nullopt;
  return Objection{Ground::kMoved, Decision::kWarn, question.way.container_port,
                   port_text(question.way.container_port, question.way.protocol, nullptr) +
                       " seems to be the service of image " + std::string(moved->image) + ", whose " +
                       port_text(moved->usual_port, question.way.protocol, standing.front()->entry) +
                       " is internal",
                   kReachable};
}

// In the order of Ground: the first that objects decides.
constexpr std::array<Rule, 12> kRules = {
    &internal_number, &forbidden_address, &removed_port,    &left_open,
    &debug_container, &ends_tls,          &open_sources,    &shown_elsewhere,
    &unresolved_end,  &undeclared_way,    &deprecated_port, &moved_service_port,
};

// A health check answers with the node's own state, from a listener routes lead on, whom a NetworkPolicy lets
// in still has to get there, whom the API server connects has its permission, and of what is advertised its
// owners need not know: of those only some rules have to say anything.
bool says_something(Rule rule, const WayOut& way) {
  if (way.is_left_open()) return rule == &left_open;
  if (way.is_debug_container()) return rule == &debug_container;
  const bool internal_only = way.entrance != nullptr && way.entrance->internal_only;
  if (way.advertisement != nullptr || internal_only) return rule == &internal_number;
  if (way.via == Via::kNetworkPolicy || way.via == Via::kConnect)
    return rule == &internal_number || rule == &unresolved_end;
  return !way.is_bare_number() || rule == &internal_number;
}

}  // namespace

const char* rule_of(Ground ground) {
  switch (ground) {
    case Ground::kInternal:
      return rule::kInternalPort;
    case Ground::kConnect:
      return rule::kConnect;
    case Ground::kAddress:
      return rule::kSpecialAddress;
    case Ground::kRemoved:
      return rule::kRemovedPort;
    case Ground::kLeftOpen:
      return rule::kLeftOpen;
    case Ground::kDebug:
      return rule::kDebugContainer;
    case Ground::kEndsTls:
      return rule::kEndsTls;
    case Ground::kSources:
      return rule::kOpenSources;
    case Ground::kPlace:
      return rule::kOtherNetwork;
    case Ground::kUnresolved:
      return rule::kUnresolved;
    case Ground::kUndeclared:
      return rule::kUndeclaredPort;
    case Ground::kDeprecated:
      return rule::kDeprecatedPort;
    case Ground::kMoved:
      return rule::kMovedService;
  }
  return "";
}

std::optional<Objection> objection(const WayOut& way, const PolicyTable& policy, const Facts& facts,
                                   Instant now) {
  const Question question{way, policy, facts, now};
  for (const Rule rule : kRules) {
    if (!says_something(rule, way)) continue;
    if (rule != &internal_number && question.end_excepted()) return std::nullopt;
    std::optional<Objection> objected = rule(question);
    if (!objected) continue;
    objected->forbidden = objected->decision == Decision::kDeny;
    const bool softened = policy.policy().spec.action == "Warn" && objected->forbidden;
    if (softened) objected->decision = Decision::kWarn;
    return objected;
  }
  return std::nullopt;
}

bool in_force(const ExposurePolicy& policy, const std::vector<std::string>& namespaces, const Facts& facts) {
  const LabelSelector& selector = policy.spec.namespace_selector;
  if (selector.empty()) return true;
  return std::any_of(namespaces.begin(), namespaces.end(), [&](const std::string& ns) {
    const Labels* known = facts.namespace_labels(ns);
    if (known == nullptr) return true;
    Labels labels = *known;
    labels[kNamespaceNameLabel] = ns;
    return matches(selector, labels);
  });
}

}  // namespace berth::exposure
