// Intakes: kinds that a FactIndex does not know, taken in as what they are to it.
//
// Each has put() and remove() as the index has for its own kinds. Thread-safety: as the index.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "core/exposure/fact_index.h"
#include "core/model/custom_object.h"
#include "kube/adapters/table.h"

namespace berth::cluster {

// Takes objects of a kind into an index as the entrances that they are. The index must outlive it.
template <class T>
class EntranceIntake {
 public:
  using Read = std::function<Entrance(const T&)>;
  EntranceIntake(exposure::FactIndex& index, Read read) : index_(&index), read_(std::move(read)) {}
  void put(const std::shared_ptr<const T>& object) {
    index_->put(std::make_shared<const Entrance>(read_(*object)));
  }
  void remove(const T& object) { index_->remove(read_(object)); }

 private:
  exposure::FactIndex* index_;
  Read read_;
};

// Takes objects of a kind into an index as its adapter reads them. Both must outlive it.
class AdapterIntake {
 public:
  AdapterIntake(exposure::FactIndex& index, const adapters::Adapter& adapter)
      : index_(&index), adapter_(&adapter) {}
  void put(const std::shared_ptr<const CustomObject>& object);
  void remove(const CustomObject& object);

 private:
  exposure::FactIndex* index_;
  const adapters::Adapter* adapter_;
};

}  // namespace berth::cluster
