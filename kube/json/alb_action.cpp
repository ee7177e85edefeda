#include "kube/json/alb_action.h"

#include <string>
#include <utility>

#include "kube/json/tree.h"

namespace berth::json {
namespace {

// As encoding/json of Go compares the names of members: without case, where two letters beyond ASCII count as
// the ones that they fold into.
std::string folded(std::string_view name) {
  constexpr std::pair<std::string_view, char> kBeyondAscii[] = {{"\u017f", 's'}, {"\u212a", 'k'}};
  std::string text(name);
  for (const auto& [letter, plain] : kBeyondAscii) {
    for (auto at = text.find(letter); at != std::string::npos; at = text.find(letter)) {
      text.replace(at, letter.size(), 1, plain);
    }
  }
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

Result<TargetPort> port_of(const Tree& value) {
  if (const std::int64_t* number = value.as_number()) return TargetPort(*number);
  if (const std::string* name = value.as_text()) return TargetPort(*name);
  if (value.is_null()) return TargetPort();
  return malformed("servicePort is neither a number nor a name", "servicePort");
}

Status collect(const Tree& tree, std::vector<ServiceReference>& references) {
  if (const Tree::List* list = tree.as_list()) {
    for (const Tree& element : *list) TRY_DONE(collect(element, references));
    return ok_status();
  }
  const Tree::Object* object = tree.as_object();
  if (object == nullptr) return ok_status();
  std::vector<ServiceReference> here;
  TargetPort port;
  for (const auto& [name, value] : *object) {
    const std::string key = folded(name);
    if (key == "servicename") {
      const std::string* service = value.as_text();
      if (service == nullptr) return malformed("serviceName is no string", "serviceName");
      if (!service->empty()) here.push_back({*service, {}});
    } else if (key == "serviceport") {
      TRY(port, port_of(value));
    } else {
      TRY_DONE(collect(value, references));
    }
  }
  for (ServiceReference& reference : here) references.push_back({std::move(reference.service), port});
  return ok_status();
}

}  // namespace

Result<std::vector<ServiceReference>> read_alb_action(std::string_view text) {
  TRY(const Tree tree, parse_tree(text));
  std::vector<ServiceReference> references;
  TRY_DONE(collect(tree, references));
  return references;
}

}  // namespace berth::json
