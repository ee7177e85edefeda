#include "kube/daemon/metrics.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <set>
#include <utility>

#include "kube/daemon/process_metrics.h"

namespace berth::daemon {
namespace {

// Names are our own words: a wrong one is a broken invariant, seen at the first start.
[[noreturn]] void refuse(const std::string& name, const std::string& why) {
  std::fprintf(stderr, "metric %s: %s\n", name.c_str(), why.c_str());
  std::abort();
}

template <class T>
using Families = std::map<std::string, prometheus::Family<T>*>;

}  // namespace

void Counter::add(double amount) const { series_->Increment(amount); }
double Counter::value() const { return series_->Value(); }
void Gauge::set(double value) const { series_->Set(value); }
void Gauge::add(double amount) const { series_->Increment(amount); }
double Gauge::value() const { return series_->Value(); }
void Histogram::observe(double value) const { series_->Observe(value); }

struct Metrics::State {
  prometheus::Registry registry{};
  std::mutex mutex{};  // guards the maps
  Families<prometheus::Counter> counters{};
  Families<prometheus::Gauge> gauges{};
  Families<prometheus::Histogram> histograms{};
  std::map<std::string, std::vector<double>> buckets{};
  std::map<std::string, std::set<MetricLabels>> replaced{};  // the series that replace_gauges() has set

  std::mutex text_mutex{};  // guards what follows, and lets one text() be written at a time
  std::vector<std::function<void()>> updates{};

  // The family of that name; aborts when the name is already one of another type.
  template <class T, class Build>
  prometheus::Family<T>& family(Families<T>& families, const std::string& name, const std::string& help,
                                Build build) {
    auto& found = families[name];
    if (found != nullptr) return *found;
    if (counters.count(name) + gauges.count(name) + histograms.count(name) > 1) {
      refuse(name, "is used for two types of metrics");
    }
    found = &build().Name(name).Help(help).Register(registry);
    return *found;
  }
};

std::vector<double> exponential_buckets(double start, double factor, int count) {
  std::vector<double> bounds;
  for (double bound = start; count > 0; --count, bound *= factor) bounds.push_back(bound);
  return bounds;
}

std::vector<double> default_buckets() { return {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}; }

Metrics::Metrics() : state_(std::make_unique<State>()) {
  const Counter cpu =
      counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.");
  const Gauge start =
      gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.");
  const Gauge resident = gauge("process_resident_memory_bytes", "Resident memory size in bytes.");
  const Gauge size = gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.");
  const Gauge open = gauge("process_open_fds", "Number of open file descriptors.");
  const Gauge max = gauge("process_max_fds", "Maximum number of open file descriptors.");
  before_text([=] {
    const auto figures = read_process_figures();
    if (!figures) return;
    if (figures->cpu_seconds > cpu.value()) cpu.add(figures->cpu_seconds - cpu.value());
    start.set(figures->start_time_seconds);
    resident.set(figures->resident_bytes);
    size.set(figures->virtual_bytes);
    open.set(figures->open_fds);
    max.set(figures->max_fds);
  });
}

Metrics::~Metrics() = default;

Counter Metrics::counter(const std::string& name, const std::string& help, const MetricLabels& labels) {
  const std::lock_guard lock(state_->mutex);
  try {
    return Counter(state_->family(state_->counters, name, help, prometheus::BuildCounter).Add(labels));
  } catch (const std::exception& e) {
    refuse(name, e.what());
  }
}

Gauge Metrics::gauge(const std::string& name, const std::string& help, const MetricLabels& labels) {
  const std::lock_guard lock(state_->mutex);
  try {
    return Gauge(state_->family(state_->gauges, name, help, prometheus::BuildGauge).Add(labels));
  } catch (const std::exception& e) {
    refuse(name, e.what());
  }
}

Histogram Metrics::histogram(const std::string& name, const std::string& help,
                             const std::vector<double>& buckets, const MetricLabels& labels) {
  const std::lock_guard lock(state_->mutex);
  const auto& shared = state_->buckets.try_emplace(name, buckets).first->second;
  try {
    auto& family = state_->family(state_->histograms, name, help, prometheus::BuildHistogram);
    return Histogram(family.Add(labels, prometheus::Histogram::BucketBoundaries(shared)));
  } catch (const std::exception& e) {
    refuse(name, e.what());
  }
}

void Metrics::replace_gauges(const std::string& name, const std::string& help,
                             const std::map<MetricLabels, double>& series) {
  const std::lock_guard lock(state_->mutex);
  try {
    auto& family = state_->family(state_->gauges, name, help, prometheus::BuildGauge);
    auto& present = state_->replaced[name];
    for (const MetricLabels& labels : present) {
      if (!series.contains(labels)) family.Remove(&family.Add(labels));
    }
    present.clear();
    for (const auto& [labels, value] : series) {
      family.Add(labels).Set(value);
      present.insert(labels);
    }
  } catch (const std::exception& e) {
    refuse(name, e.what());
  }
}

void Metrics::remove_gauge(const std::string& name, const MetricLabels& labels) {
  const std::lock_guard lock(state_->mutex);
  const auto family = state_->gauges.find(name);
  if (family == state_->gauges.end() || !family->second->Has(labels)) return;
  // Add() of labels that are there gives the series that is there.
  family->second->Remove(&family->second->Add(labels));
}

void Metrics::before_text(std::function<void()> update) {
  const std::lock_guard lock(state_->text_mutex);
  state_->updates.push_back(std::move(update));
}

std::string Metrics::text() const {
  const std::lock_guard lock(state_->text_mutex);
  for (const auto& update : state_->updates) update();
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace berth::daemon
