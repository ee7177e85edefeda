#include "webhook/trust.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "core/base/api_names.h"
#include "kube/http/certificate.h"
#include "webhook/registration.h"

namespace berth::webhook {
namespace {

constexpr std::size_t kMaxAuthorities = 8;
constexpr Instant kAlways{std::numeric_limits<std::int64_t>::min() / 2};

bool holds(const std::vector<std::string>& list, const std::string& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

// Keeps the times of those that are in `present`; new ones begin at `now`.
void follow(std::map<std::string, Instant>& times, const std::vector<std::string>& present, Instant now) {
  std::erase_if(times, [&](const auto& entry) { return !holds(present, entry.first); });
  for (const std::string& one : present) times.try_emplace(one, now);
}

}  // namespace

std::optional<std::vector<std::string>> published_authorities(
    const std::optional<ValidatingWebhookConfiguration>& configuration) {
  std::optional<std::vector<std::string>> common;
  if (!configuration) return common;
  const std::string* last = nullptr;
  for (const ValidatingWebhook& webhook : configuration->webhooks) {
    if (!is_own_entry(webhook.name)) continue;
    if (last != nullptr && *last == webhook.ca_bundle) continue;  // the usual case: all alike
    last = &webhook.ca_bundle;
    const auto split = http::split_certificates(webhook.ca_bundle);
    const std::vector<std::string> here = split.ok() ? *split : std::vector<std::string>{};
    if (!common) {
      common = here;
      continue;
    }
    std::erase_if(*common, [&](const std::string& one) { return !holds(here, one); });
  }
  return common;
}

TrustHistory observed(TrustHistory history, const std::vector<std::string>& published, bool at_once,
                      Instant monotonic) {
  follow(history.published, published, at_once ? kAlways : monotonic);
  return history;
}

TrustHistory told_apart(TrustHistory history, const std::vector<std::string>& published,
                        const std::vector<std::string>& ours, Instant monotonic) {
  std::vector<std::string> strangers;
  std::copy_if(published.begin(), published.end(), std::back_inserter(strangers),
               [&](const std::string& one) { return !holds(ours, one); });
  follow(history.strange, strangers, monotonic);
  return history;
}

bool settled(const TrustHistory& history, const std::string& chain_pem, Duration settle, Instant monotonic) {
  std::vector<std::string> old_enough;
  for (const auto& [authority, since] : history.published) {
    if (since + settle <= monotonic) old_enough.push_back(authority);
  }
  return http::leads_to(chain_pem, old_enough);
}

std::vector<std::string> authorities_to_publish(const std::vector<std::string>& ours,
                                                const std::vector<std::string>& published,
                                                const TrustHistory& history, const std::string& serving,
                                                Duration linger, Instant monotonic, Instant now) {
  std::vector<std::string> wanted = ours;
  const bool needs_more = !serving.empty() && !http::leads_to(serving, ours);
  for (const std::string& one : published) {
    if (holds(wanted, one) || wanted.size() >= kMaxAuthorities) continue;
    const auto facts = http::read_certificate(one);
    if (!facts.ok() || now >= facts->not_after) continue;
    const auto seen = history.strange.find(one);
    const bool lingers = seen == history.strange.end() || monotonic < seen->second + linger;
    const bool needed = needs_more && http::leads_to(serving, {one});
    if (lingers || needed) wanted.push_back(one);
  }
  return wanted;
}

}  // namespace berth::webhook
