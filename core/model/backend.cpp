#include "core/model/backend.h"

#include <algorithm>

#include "core/base/cidr.h"
#include "core/model/external_name.h"

namespace berth {

bool names(const EntranceTarget& target, const Backend& backend) {
  const std::string& resource = target.resource;
  const std::size_t kind = backend.reference_kind.size();
  return target.ns == backend.meta.ns && resource.size() == kind + 1 + backend.meta.name.size() &&
         resource.starts_with(backend.reference_kind) && resource[kind] == '/' &&
         resource.ends_with(backend.meta.name);
}

std::string address_of(const BackendEndpoint& endpoint) {
  const Result<Cidr> one = Cidr::parse_address(endpoint.host);
  if (!one) return "";
  const std::string text = to_string(*one);
  return text.substr(0, text.find('/'));
}

std::optional<ObjectKey> service_at(const BackendEndpoint& endpoint) {
  return address_of(endpoint).empty() ? service_named(endpoint.host) : std::nullopt;
}

bool is_name_of_cluster(const BackendEndpoint& endpoint) {
  std::string_view host = endpoint.host;
  while (host.ends_with('.')) host.remove_suffix(1);
  return service_at(endpoint) && std::count(host.begin(), host.end(), '.') > 1;
}

std::vector<std::string> places_led_to(const Backend& backend) {
  std::vector<std::string> places;
  for (const BackendEndpoint& endpoint : backend.endpoints) {
    std::string place = address_of(endpoint);
    if (const auto named = service_at(endpoint)) place = named->ns;
    if (!endpoint.selector.empty()) place = backend.meta.ns;
    if (!place.empty() && std::find(places.begin(), places.end(), place) == places.end())
      places.push_back(std::move(place));
  }
  return places;
}

bool leads_to(const Backend& backend, std::string_view place) {
  const std::vector<std::string> places = places_led_to(backend);
  return std::find(places.begin(), places.end(), place) != places.end();
}

}  // namespace berth
