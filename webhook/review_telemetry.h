// ReviewTelemetry: what is counted of the reviews that were answered.
//
// Thread-safety: as Metrics.
#pragma once

#include "kube/daemon/metrics.h"
#include "webhook/review_handler.h"

namespace berth::webhook {

class ReviewTelemetry {
 public:
  // `metrics` must outlive this.
  explicit ReviewTelemetry(daemon::Metrics& metrics);

  // berth_admission_reviews_total{decision,allowed}; and, of a review that was denied for what was found,
  // berth_admission_denials_total{rule,via}, once for each pair. Both labels are of lists that are known:
  // what is not in them is "other".
  void count(const Reviewed& reviewed) const;

 private:
  daemon::Metrics* metrics_;
};

}  // namespace berth::webhook
