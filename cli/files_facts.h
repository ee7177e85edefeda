// FilesFacts: what is known of the cluster when all there is are files.
//
// Holds objects by reference and decides nothing. A namespace without a Namespace document is unknown, and a
// policy with a selector then counts as in force there (core/exposure/facts.h). Not for the webhook: its
// index lives as long as its watches. Thread-safety: none; the objects must outlive it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cli/loader/objects.h"
#include "core/exposure/facts.h"

namespace berth::cli {

class FilesFacts final : public exposure::Facts {
 public:
  // Takes the place of an object of the same identity; a PortRange is none of its matters. Objects without a
  // name yet stand side by side.
  void put(const Object& object);

  // Until the next hide(), `object` is left out: it is the one that is judged. nullptr hides nothing.
  // An object with a name needs no hiding, the judgement lays it over its older self.
  void hide(const Object* object) { hidden_ = object; }

  std::vector<const Service*> services(std::string_view ns) const override;
  std::vector<const Service*> aliases(std::string_view ns) const override;
  std::vector<const Entrance*> entrances(std::string_view ns) const override;
  std::vector<const Entrance*> entrances_at(const Gateway& gateway) const override;
  std::vector<const Gateway*> gateways(std::string_view ns) const override;
  std::vector<const Gateway*> listener_sets_of(const Gateway& gateway) const override;
  std::vector<const ReferenceGrant*> grants(std::string_view ns) const override;
  std::vector<const Workload*> workloads(std::string_view ns) const override;
  std::vector<const Workload*> workloads_at(std::string_view address) const override;
  std::vector<const EndpointSlice*> slices_of(const Service& service) const override;
  std::vector<const NetworkPolicy*> network_policies(std::string_view ns) const override;
  std::vector<const Advertisement*> advertisements() const override;
  std::vector<const Service*> every_service() const override;
  std::vector<const PortAllocation*> allocations(std::string_view ns) const override;
  const Labels* namespace_labels(std::string_view ns) const override;
  std::vector<const ExposurePolicy*> policies() const override;

 private:
  using Row = std::vector<const Object*>;

  template <class T>
  std::vector<const T*> all(const std::map<std::string, Row, std::less<>>& rows, std::string_view ns) const;
  Row& row_of(const Object& object);
  void put_entrance(const Object& object);

  std::map<std::string, Row, std::less<>> services_;   // by namespace, in the order they were put
  std::map<std::string, Row, std::less<>> entrances_;  // by where they lead
  std::map<std::string, Row, std::less<>> gateways_;
  std::map<std::string, Row, std::less<>> grants_;
  std::map<std::string, Row, std::less<>> slices_;
  std::map<std::string, Row, std::less<>> workloads_;
  std::map<std::string, Row, std::less<>> network_policies_;
  std::map<std::string, Row, std::less<>> advertisements_;  // all under ""
  std::map<std::string, Row, std::less<>> allocations_;
  Row policies_;
  std::map<std::string, Labels, std::less<>> namespaces_;
  std::unordered_map<std::string, std::size_t> places_;  // identity -> index in its row
  std::unordered_map<std::string, const Object*> entrances_by_identity_;
  const Object* hidden_ = nullptr;
};

}  // namespace berth::cli
