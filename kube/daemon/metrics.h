// Metrics: the counters, gauges and histograms of one program, and their Prometheus text form.
//
// Serves nothing by itself: health.h does. Names and label names are the program's own words, so a wrong one
// aborts. Label values may come from outside; they must be few (never one per object).
// Thread-safety: all functions may be called from several threads at once, except that a handle must not be
// used after remove_gauge() or replace_gauges() has removed its series.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace berth::daemon {

using MetricLabels = std::map<std::string, std::string>;

// Handles: one pointer, valid as long as their Metrics. Making one costs a look-up: make it once and keep it.
class Counter {
 public:
  void add(double amount = 1) const;  // requires amount >= 0
  [[nodiscard]] double value() const;

 private:
  friend class Metrics;
  explicit Counter(prometheus::Counter& series) : series_(&series) {}
  prometheus::Counter* series_;
};

class Gauge {
 public:
  void set(double value) const;
  void add(double amount) const;
  [[nodiscard]] double value() const;

 private:
  friend class Metrics;
  explicit Gauge(prometheus::Gauge& series) : series_(&series) {}
  prometheus::Gauge* series_;
};

class Histogram {
 public:
  void observe(double value) const;  // times in seconds

 private:
  friend class Metrics;
  explicit Histogram(prometheus::Histogram& series) : series_(&series) {}
  prometheus::Histogram* series_;
};

// Upper bounds: `count` of them, each `factor` times the one before.
std::vector<double> exponential_buckets(double start, double factor, int count);
// Those of the Prometheus clients: 5 ms to 10 s.
std::vector<double> default_buckets();

class Metrics {
 public:
  // With the process_* metrics of this process, read anew for every text().
  Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics();

  // The series of that name and these labels, made at the first call. All series of a name share type, help,
  // and buckets (those of the first call).
  Counter counter(const std::string& name, const std::string& help, const MetricLabels& labels = {});
  Gauge gauge(const std::string& name, const std::string& help, const MetricLabels& labels = {});
  Histogram histogram(const std::string& name, const std::string& help, const std::vector<double>& buckets,
                      const MetricLabels& labels = {});

  // From now on gauge `name` has exactly these series: for objects that come and go. Nobody may hold a handle
  // of one of them.
  void replace_gauges(const std::string& name, const std::string& help,
                      const std::map<MetricLabels, double>& series);

  // Takes away the series of gauge `name` that has these labels (for an object that is gone).
  void remove_gauge(const std::string& name, const MetricLabels& labels);

  // Called at the start of every text(), in order, never two at a time: to set gauges from somebody's counts.
  void before_text(std::function<void()> update);

  // Text exposition format 0.0.4; Content-Type kMetricsContentType.
  [[nodiscard]] std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

inline constexpr char kMetricsContentType[] = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace berth::daemon
