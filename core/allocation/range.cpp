#include "core/allocation/range.h"

#include <algorithm>
#include <set>
#include <utility>

namespace berth::allocation {
namespace {

constexpr Duration kLongestRest = std::chrono::hours(24);

std::string at(const std::string& field, std::size_t index) {
  return field + "[" + std::to_string(index) + "]";
}

Error in_field(Error error, const std::string& field) {
  error.field = field;
  error.message = field + ": " + error.message;
  return error;
}

// Reads a list of spans; `base` makes "+10-+19" relative to it.
Result<std::vector<PortSpan>> read_spans(const std::vector<std::string>& texts, const std::string& field,
                                         std::optional<Port> base) {
  if (texts.empty()) return malformed(field + ": write at least one number, such as \"24500-24599\"", field);
  std::vector<PortSpan> spans;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto span = base ? parse_port_span_relative(texts[i], *base) : parse_port_span(texts[i]);
    if (!span.ok()) return in_field(std::move(span).error(), at(field, i));
    spans.push_back(*span);
  }
  return normalized(std::move(spans));
}

bool lies_inside(const std::vector<PortSpan>& outer, const std::vector<PortSpan>& inner) {
  return std::all_of(inner.begin(), inner.end(), [&](const PortSpan& part) {
    return std::any_of(outer.begin(), outer.end(), [&](const PortSpan& whole) {
      return whole.first <= part.first && part.last <= whole.last;
    });
  });
}

Status outside_range(const std::string& field, const std::vector<PortSpan>& range,
                     const std::vector<PortSpan>& part) {
  if (lies_inside(range, part)) return ok_status();
  return malformed(field + ": some of these numbers are not in spec.ports, write numbers of the range",
                   field);
}

Result<CompiledBlock> compile_block(const PortBlock& block, const std::string& field,
                                    const std::vector<PortSpan>& range) {
  if (block.name.empty()) return malformed(field + ".name: write a name", field + ".name");
  TRY(auto spans, read_spans(block.ports, field + ".ports", range.front().first));
  TRY_DONE(outside_range(field + ".ports", range, spans));
  return CompiledBlock{block.name, block.purpose, std::move(spans)};
}

Result<CompiledReservation> compile_reservation(const ReservedPorts& reserved, const std::string& field,
                                                const std::vector<PortSpan>& range) {
  TRY(auto spans, read_spans(reserved.ports, field + ".ports", {}));
  TRY_DONE(outside_range(field + ".ports", range, spans));
  return CompiledReservation{std::move(spans), reserved.reason};
}

Result<Order> read_order(const std::string& text) {
  if (text.empty() || text == "Lowest") return Order::kLowest;
  if (text == "Spread") return Order::kSpread;
  return malformed("spec.order: '" + text + "' is not an order, write Lowest or Spread", "spec.order");
}

Result<Duration> read_reuse_after(const std::string& text) {
  if (text.empty()) return kDefaultReuseAfter;
  auto span = parse_duration(text);
  if (!span.ok()) return in_field(std::move(span).error(), "spec.reuseAfter");
  if (*span > kLongestRest) {
    return malformed("spec.reuseAfter: '" + text + "' is more than a day, write \"24h\" or less",
                     "spec.reuseAfter");
  }
  return *span;
}

}  // namespace

const CompiledBlock* CompiledRange::block(const std::string& wanted) const {
  const auto found = std::find_if(blocks.begin(), blocks.end(),
                                  [&](const CompiledBlock& block) { return block.name == wanted; });
  return found == blocks.end() ? nullptr : &*found;
}

const CompiledReservation* CompiledRange::reservation(Port port) const {
  const auto found =
      std::find_if(reserved.begin(), reserved.end(),
                   [&](const CompiledReservation& reservation) { return contains(reservation.spans, port); });
  return found == reserved.end() ? nullptr : &*found;
}

NumberKey key_in(const CompiledRange& range, const PortAllocationSpec& spec, Port port, Protocol protocol) {
  NumberKey key = key_of(range.space, port, protocol);
  if (range.per_node) key.node = spec.node_name;
  return key;
}

Result<CompiledRange> compile(const PortRange& range) {
  const PortRangeSpec& spec = range.spec;
  CompiledRange compiled;
  compiled.name = range.meta.name;
  auto space = parse_space(spec.space);
  if (!space.ok()) return in_field(std::move(space).error(), "spec.space");
  compiled.space = *space;
  TRY(compiled.spans, read_spans(spec.ports, "spec.ports", {}));
  compiled.purpose = spec.purpose;
  for (std::size_t i = 0; i < spec.blocks.size(); ++i) {
    const std::string field = at("spec.blocks", i);
    TRY(auto block, compile_block(spec.blocks[i], field, compiled.spans));
    if (compiled.block(block.name) != nullptr) {
      return malformed(field + ".name: two blocks are called '" + block.name + "', rename one",
                       field + ".name");
    }
    compiled.blocks.push_back(std::move(block));
  }
  for (std::size_t i = 0; i < spec.reserved.size(); ++i) {
    TRY(auto reserved, compile_reservation(spec.reserved[i], at("spec.reserved", i), compiled.spans));
    compiled.reserved.push_back(std::move(reserved));
  }
  compiled.namespace_selector = spec.namespace_selector;
  if (spec.limits.per_namespace < 0) {
    return malformed("spec.limits.perNamespace: " + std::to_string(spec.limits.per_namespace) +
                         " is not a limit, write 1 or more, or leave it out",
                     "spec.limits.perNamespace");
  }
  compiled.per_namespace = spec.limits.per_namespace;
  TRY(compiled.order, read_order(spec.order));
  TRY(compiled.reuse_after, read_reuse_after(spec.reuse_after));
  if (spec.per_node && compiled.space != Space::kHostPort) {
    return malformed("spec.perNode: only host ports can be per node, remove it", "spec.perNode");
  }
  compiled.per_node = spec.per_node;
  if (!spec.undeclared.empty() && spec.undeclared != "Report" && spec.undeclared != "Deny") {
    return malformed("spec.undeclared: '" + spec.undeclared + "' is not an answer, write Report or Deny",
                     "spec.undeclared");
  }
  compiled.deny_undeclared = spec.undeclared == "Deny";
  return compiled;
}

std::string to_string(const Source& place) {
  const std::string range = "range " + place.range->name;
  return place.block == nullptr ? range : "block " + place.block->name + " of " + range;
}

Ranges::Ranges(const std::vector<const PortRange*>& ranges) {
  for (const PortRange* range : ranges) {
    auto compiled = compile(*range);
    if (compiled.ok()) {
      usable_.insert_or_assign(range->meta.name, *std::move(compiled));
    } else {
      unusable_.insert_or_assign(range->meta.name, std::move(compiled).error());
    }
  }
}

const CompiledRange* Ranges::find(const std::string& name) const {
  const auto found = usable_.find(name);
  return found == usable_.end() ? nullptr : &found->second;
}

std::vector<Source> Ranges::sources(const PortAllocationSpec& spec) const {
  std::vector<Source> sources;
  if (!spec.range_name.empty()) {
    if (const CompiledRange* range = find(spec.range_name)) sources.push_back({range, nullptr});
    return sources;
  }
  if (spec.purpose.empty()) return sources;
  for (const auto& [name, range] : usable_) {
    if (range.purpose == spec.purpose) sources.push_back({&range, nullptr});
  }
  for (const auto& [name, range] : usable_) {
    if (range.purpose == spec.purpose) continue;  // already taken in whole
    for (const CompiledBlock& block : range.blocks) {
      if (block.purpose == spec.purpose) sources.push_back({&range, &block});
    }
  }
  std::erase_if(sources, [&, first = sources.empty() ? Space::kNodePort : sources.front().range->space](
                             const Source& source) { return source.range->space != first; });
  return sources;
}

const CompiledRange* Ranges::reserving(Space space, Port port) const {
  for (const auto& [name, range] : usable_) {
    if (range.space == space && range.reservation(port) != nullptr) return &range;
  }
  return nullptr;
}

}  // namespace berth::allocation
