// EventRecorder: tells people, through events.k8s.io/v1, what happened to an object of theirs.
//
// record() only notes; step() makes at most one request. Nothing depends on an event arriving: under pressure
// they are thinned out, then dropped and counted, and they never hold up the work they tell of.
// Thinning follows client-go's correlator: the same (object, type, reason, note) within ten minutes is one
// Event whose series counts; per object a burst of 25 writes, then one in five minutes.
// Times are wall-clock Instants given by the caller. Thread-safety: record() from any thread; step() from one
// thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "core/base/instant.h"
#include "core/base/result.h"
#include "core/model/cluster_objects.h"
#include "kube/client/client.h"

namespace berth::client {

struct EventNote {
  ObjectReference regarding = {};
  std::string type = "Normal";  // Normal, Warning
  std::string reason = {};      // CamelCase, for machines
  std::string action = {};      // CamelCase: what we did or tried
  std::string note = {};        // a sentence; cut to the API's 1024 bytes at a character
};

class EventRecorder {
 public:
  struct Config {
    std::string controller = {};  // e.g. "berth.dev/operator"
    std::string instance = {};    // of this process, e.g. the pod's name; cut to the API's 128 bytes
    std::size_t max_pending = 1000;
    Duration series_window{600'000};
    int burst = 25;
    Duration refill{300'000};
    Duration series_interval{60'000};  // between two writes of one series
    int attempts = 3;                  // per write; then it is dropped
  };

  struct Counts {
    std::uint64_t written = 0;
    std::uint64_t counted = 0;  // repeats that went into a series
    std::uint64_t dropped = 0;

    bool operator==(const Counts&) const = default;
  };

  // `client` must outlive the recorder.
  EventRecorder(const Client& client, Config config);

  void record(const EventNote& note, Instant now);

  // Writes one event or one series count that is due. True: a request was made, there may be more to do.
  // False: nothing is due. Errors: as the client's; what was to be written stays for a later step until its
  // attempts are used up.
  Result<bool> step(Instant now);

  [[nodiscard]] Counts counts() const;

 private:
  using SeriesKey = std::tuple<std::string, std::string, std::string, std::string>;

  struct Series {
    Event event = {};
    std::int64_t count = 1;    // occurrences so far
    std::int64_t written = 0;  // of them known to the server
    Instant last = {};         // occurrence
    Instant written_at = {};   // last successful write
    bool queued = false;
    int failures = 0;
  };
  struct Bucket {
    double tokens = 0;
    Instant at = {};
  };

  bool take_token(const std::string& object, Instant now);
  void prune(Instant now);
  [[nodiscard]] Status create(const Event& event) const;
  [[nodiscard]] Status count(const Series& series) const;

  const Client* client_;
  const Config config_;
  mutable std::mutex mutex_;
  std::map<SeriesKey, Series> series_;
  std::map<std::string, Bucket> buckets_;  // by object
  std::deque<SeriesKey> pending_;
  std::uint64_t serial_ = 0;
  Instant pruned_at_ = {};
  Counts counts_ = {};
};

}  // namespace berth::client
