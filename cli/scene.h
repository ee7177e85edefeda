// Scene: the files of one run, laid over what a cluster has, as facts that the engine can be asked about.
//
// Which file wins over which, and what of a manifest counts, is decided here; verdicts are not. A namespace
// without a Namespace document is unknown, and a policy with a selector then counts as in force there
// (core/exposure/facts.h). Thread-safety: none.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/loader/objects.h"
#include "cluster/picture.h"
#include "core/admission.h"

namespace berth::cli {

struct Inputs {
  Loaded judged = {};    // PATH
  Loaded policies = {};  // --policy: only its ExposurePolicies and PortRanges count
  Loaded with = {};      // --with: known to be in the cluster, joined, not judged
  Loaded against = {};   // --against: the same, and the older versions of what is judged
  // What stands in a cluster, beneath all of these, and likewise the older versions of what is judged.
  std::optional<cluster::Picture> cluster = {};
};

// What exposure is judged on; nullopt for other kinds.
std::optional<Judged> judged_model(const Object& object);
exposure::Subject subject_of(const Judged& judged);

// Puts the objects of the files into the picture, but for ranges; they stay where they are and must outlive
// it.
void lay(const Loaded& loaded, cluster::Picture& picture);

class Scene {
 public:
  // Of what is judged, what only the cluster sets is dropped: status and metadata.deletionTimestamp. Objects
  // that stand twice in PATH, ranges that cannot be used, and a policy that stands nowhere, are errors in
  // `problems`; the scene is worthless then. At first everything of PATH is in place.
  Scene(Inputs inputs, Problems& problems);
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  [[nodiscard]] const std::vector<Object>& judged() const { return inputs_.judged.objects; }
  [[nodiscard]] std::size_t other_kinds() const { return inputs_.judged.other_kinds; }
  // --against or a cluster says what was there before.
  [[nodiscard]] bool has_a_past() const { return inputs_.cluster || !inputs_.against.objects.empty(); }
  // The version that this one of PATH would replace; nullptr when it would be new.
  [[nodiscard]] const Judged* old_of(const Object& object) const;

  [[nodiscard]] const exposure::FactIndex& facts() const { return picture_.index; }
  [[nodiscard]] const NumberBooks& books() const { return picture_.books; }

  // Of objects of PATH: takes it back as if it had not been applied yet, and applies it again.
  void put_back(const Object& object);
  void put(const Object& object);

 private:
  void tell_apart_what_has_no_name();
  void check_duplicates();
  void gather_policies();
  void gather_ranges();
  void lay_all_but_policies(const Loaded& loaded);
  void remember(const Object& object);
  void drop_what_the_cluster_sets(Object& object) const;

  Inputs inputs_;
  Problems& problems_;
  cluster::Picture picture_;
  std::map<const Object*, Judged> old_;                              // of what is judged
  std::map<const Object*, std::shared_ptr<const Judged>> in_place_;  // of what is judged, files of --with too
  std::map<std::string, const Object*> policies_;                    // by identity, those that count
};

}  // namespace berth::cli
