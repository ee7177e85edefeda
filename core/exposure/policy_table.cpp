#include "core/exposure/policy_table.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>
#include <utility>

#include "core/exposure/field_path.h"

namespace berth::exposure {
namespace {

// A date ("2027-01-01", the midnight it begins with) or a full RFC 3339 time.
Result<Instant> parse_date(const std::string& text) {
  constexpr std::size_t kDateLength = 10;
  return parse_rfc3339(text.size() == kDateLength ? text + "T00:00:00Z" : text);
}

std::size_t slot(Protocol protocol) { return static_cast<std::size_t>(protocol); }

bool holds_for(const ExposureException& exception, const WayOut& way, std::int64_t number) {
  const std::vector<std::string>& via = exception.via;
  // A program that leads out by itself does so from no port: whoever permits it permits the workload.
  if (way.via == Via::kCustom) return std::find(via.begin(), via.end(), to_string(way.via)) != via.end();
  if (exception.port != number || exception.protocol != way.protocol) return false;
  // By whatever way the port may be reached, a NetworkPolicy must be allowed to let that in, and who is
  // responsible for it to look at it through the API server.
  return way.via == Via::kNetworkPolicy || way.via == Via::kConnect ||
         (via.empty() || std::find(via.begin(), via.end(), to_string(way.via)) != via.end());
}

}  // namespace

PolicyTable::PolicyTable(const ExposurePolicy& policy) : policy_(&policy) {
  const ExposurePolicySpec& spec = policy.spec;
  for (std::size_t i = 0; i < spec.networks.size(); ++i) {
    const PolicyNetwork& network = spec.networks[i];
    std::vector<Cidr>& cidrs = networks_[network.name];
    for (std::size_t k = 0; k < network.cidrs.size(); ++k) {
      Result<Cidr> cidr = Cidr::parse(network.cidrs[k]);
      if (cidr) {
        cidrs.push_back(*cidr);
      } else {
        issues_.push_back(
            malformed(cidr.error().message, indexed(indexed("spec.networks", i) + ".cidrs", k)));
      }
    }
  }
  for (std::size_t i = 0; i < spec.internal.size(); ++i)
    list(spec.internal[i], true, indexed("spec.internal", i));
  for (std::size_t i = 0; i < spec.external.size(); ++i)
    list(spec.external[i], false, indexed("spec.external", i));
  for (std::vector<Listing>& listings : listings_) {
    std::stable_sort(listings.begin(), listings.end(), [](const Listing& left, const Listing& right) {
      return std::pair(!left.exact, !left.internal) < std::pair(!right.exact, !right.internal);
    });
  }
  for (std::size_t i = 0; i < spec.exceptions.size(); ++i) {
    const ExposureException& exception = spec.exceptions[i];
    const std::string field = indexed("spec.exceptions", i);
    if (exception.owner.empty() || exception.reason.empty()) {
      issues_.push_back(malformed("an exception needs an owner and a reason", field));
      continue;
    }
    const Result<Instant> end = parse_rfc3339(exception.expires_at);
    if (end) {
      exceptions_.emplace_back(&exception, *end);
    } else {
      issues_.push_back(malformed(end.error().message, field + ".expiresAt"));
    }
  }
}

void PolicyTable::list(const PolicyPort& entry, bool internal, const std::string& field) {
  std::vector<PortSpan> spans;
  if (entry.port != 0) {
    const Result<Port> port = Port::checked(entry.port);
    if (port) {
      spans.push_back({*port, *port});
    } else {
      issues_.push_back(malformed(port.error().message, field + ".port"));
    }
  }
  for (std::size_t k = 0; k < entry.ports.size(); ++k) {
    const Result<PortSpan> span = parse_port_span(entry.ports[k]);
    if (span) {
      spans.push_back(*span);
    } else {
      issues_.push_back(malformed(span.error().message, indexed(field + ".ports", k)));
    }
  }
  std::optional<Instant> refused_from;
  if (entry.deprecated && !entry.deprecated->after.empty()) {
    const Result<Instant> date = parse_date(entry.deprecated->after);
    if (date) {
      refused_from = *date;
    } else {
      issues_.push_back(malformed(date.error().message, field + ".deprecated.after"));
    }
  }
  const auto check_names = [&](const std::vector<std::string>& names, const char* member) {
    for (const std::string& name : names) {
      if (networks_.find(name) == networks_.end()) {
        issues_.push_back(malformed("there is no network '" + name + "' in spec.networks", field + member));
      }
    }
  };
  check_names(entry.from, ".from");
  check_names(entry.shown_on, ".shownOn");
  for (const PortSpan& span : spans) {
    listings_[slot(entry.protocol)].push_back(
        {span, span.first == span.last, internal, &entry, refused_from});
  }
}

std::vector<const Listing*> PolicyTable::standing(std::int64_t number, Protocol protocol) const {
  std::vector<const Listing*> deciding;
  const Result<Port> port = Port::checked(number);
  if (!port) return deciding;
  for (const Listing& listing : listings_[slot(protocol)]) {
    if (!listing.span.contains(*port)) continue;
    const bool same_rank = deciding.empty() || (deciding.front()->exact == listing.exact &&
                                                deciding.front()->internal == listing.internal);
    if (!same_rank) break;
    deciding.push_back(&listing);
  }
  return deciding;
}

std::vector<PortSpan> PolicyTable::internal_spans(Protocol protocol) const {
  // Between two of these numbers nothing changes.
  std::set<std::int64_t> beginnings;
  for (const Listing& listing : listings_[slot(protocol)]) {
    beginnings.insert(listing.span.first.number());
    beginnings.insert(listing.span.last.number() + 1);
  }
  std::vector<PortSpan> spans;
  for (auto first = beginnings.begin(); first != beginnings.end(); ++first) {
    const auto next = std::next(first);
    const std::vector<const Listing*> deciding = standing(*first, protocol);
    if (next == beginnings.end() || deciding.empty() || !deciding.front()->internal) continue;
    spans.push_back({Port::of(*first), Port::of(*next - 1)});
  }
  return normalized(std::move(spans));
}

const ExposureException* PolicyTable::exception(const WayOut& way, std::int64_t number, Instant now) const {
  // A workload without a name yet cannot be the one that was meant.
  if (way.workload == nullptr || way.workload->meta.name.empty()) return nullptr;
  const Workload& workload = *way.workload;
  for (const auto& [exception, end] : exceptions_) {
    const bool same = exception->ns == workload.meta.ns && exception->workload.kind == workload.kind &&
                      exception->workload.name == workload.meta.name;
    if (same && holds_for(*exception, way, number) && now < end) return exception;
  }
  return nullptr;
}

const ExposureException* PolicyTable::awaited_exception(const WayOut& way, std::int64_t number,
                                                        Instant now) const {
  if (way.workload != nullptr || way.service == nullptr || way.service->selector.empty()) return nullptr;
  for (const auto& [exception, end] : exceptions_) {
    if (exception->ns == way.service->meta.ns && holds_for(*exception, way, number) && now < end)
      return exception;
  }
  return nullptr;
}

std::vector<const ExposureException*> PolicyTable::exceptions(Instant now) const {
  std::vector<const ExposureException*> in_force;
  for (const auto& [exception, end] : exceptions_) {
    if (now < end) in_force.push_back(exception);
  }
  return in_force;
}

std::vector<Instant> PolicyTable::ends_of_exceptions() const {
  std::vector<Instant> ends;
  for (const auto& [exception, end] : exceptions_) ends.push_back(end);
  return ends;
}

std::vector<Instant> PolicyTable::refusals() const {
  std::vector<Instant> refusals;
  for (const std::vector<Listing>& of_protocol : listings_) {
    for (const Listing& listing : of_protocol) {
      if (listing.refused_from) refusals.push_back(*listing.refused_from);
    }
  }
  return refusals;
}

bool PolicyTable::inside(const Cidr& range, const std::vector<std::string>& networks) const {
  return std::any_of(networks.begin(), networks.end(), [&](const std::string& name) {
    const auto network = networks_.find(name);
    return network != networks_.end() && std::any_of(network->second.begin(), network->second.end(),
                                                     [&](const Cidr& cidr) { return cidr.contains(range); });
  });
}

}  // namespace berth::exposure
