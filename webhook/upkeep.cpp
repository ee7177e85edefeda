#include "webhook/upkeep.h"

#include <algorithm>
#include <utility>

#include "core/base/api_names.h"
#include "kube/http/certificate.h"

namespace berth::webhook {
namespace {

constexpr Duration kSoon = std::chrono::milliseconds(500);
constexpr Duration kUntilReady = std::chrono::milliseconds(50);

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += text;
  return all;
}

// Who made the configuration labels it. Helm takes what carries another's label for somebody else's, and then
// neither upgrades nor removes it.
bool was_made_here(const ValidatingWebhookConfiguration& live) {
  const auto found = live.meta.labels.find(kManagedByLabel);
  return found != live.meta.labels.end() && found->second == kManagedByValue;
}

std::vector<std::string> list_of(const Outlook& outlook) {
  return outlook.published.value_or(std::vector<std::string>{});
}

}  // namespace

Upkeep::Upkeep(const client::Client& client, const runtime::Clock& clock, UpkeepConfig config,
               std::unique_ptr<CertificateSource> source, UpkeepHooks hooks)
    : client_(&client),
      clock_(&clock),
      config_(std::move(config)),
      source_(std::move(source)),
      hooks_(std::move(hooks)),
      started_(clock.monotonic()) {}

Result<Upkeep::Configuration> Upkeep::look() {
  auto live = client_->get<ValidatingWebhookConfiguration>(wire::kValidatingWebhookConfiguration,
                                                           {"", kWebhookConfiguration});
  may_look_ = live.ok() || live.error().code != Code::kForbidden;
  if (live.ok()) return Configuration(*std::move(live));
  if (live.error().code == Code::kNotFound) return Configuration();
  // Whoever leaves the registration to others may have no right to look at it.
  if (!config_.register_webhook && live.error().code == Code::kForbidden) return Configuration();
  return std::move(live).error();
}

Result<Upkeep::Configuration> Upkeep::register_with(const std::vector<std::string>& ours, Configuration live,
                                                    const Outlook& outlook) {
  const bool first = [this] {
    const std::lock_guard lock(mutex_);
    return !registered_;
  }();
  if (!live && !first) {
    // Deleting the configuration is the documented way to open the cluster in an emergency: it stays deleted
    // until this process starts again, or until somebody else writes it.
    if (!std::exchange(told_deleted_, true)) hooks_.deleted();
    hooks_.standing(false);
    return live;
  }
  told_deleted_ = false;
  const auto published = published_authorities(live);
  const std::vector<std::string> authorities = authorities_to_publish(
      ours, published.value_or(std::vector<std::string>{}), history_, served_.pair.certificate_pem,
      config_.linger, clock_->monotonic(), clock_->wall());
  ValidatingWebhookConfiguration wanted = make_registration(config_.registration, joined(authorities));
  if (live && !was_made_here(*live)) wanted.meta.labels.clear();
  if (!live || !in_place(*live, wanted)) {
    hooks_.standing(false);
    if (live) {
      // An apply without the uid would make anew what was deleted meanwhile.
      wanted.meta.uid = live->meta.uid;
      wanted.meta.resource_version = live->meta.resource_version;
      TRY(live, client_->apply(wire::kValidatingWebhookConfiguration, wanted, true));
    } else {
      auto created = client_->create(wire::kValidatingWebhookConfiguration, wanted);
      if (!created.ok() && created.error().code == Code::kExists) {
        return Error{Code::kConflict, "another replica registered, reading it"};
      }
      TRY(live, std::move(created));
    }
    hooks_.registered(outlook.published ? "changed" : "made");
  }
  hooks_.standing(true);
  const std::lock_guard lock(mutex_);
  registered_ = true;
  return live;
}

bool Upkeep::serve(const OfferedCertificate& offered, const Outlook& outlook) {
  const std::string& leaf = offered.pair.certificate_pem;
  const bool nobody_asks = !outlook.published;
  const bool heard =
      nobody_asks || offered.proven || settled(outlook.history, leaf, outlook.settle, outlook.monotonic);
  if (offered.pair.certificate_pem != served_.pair.certificate_pem ||
      offered.pair.key_pem != served_.pair.key_pem) {
    const bool believed = nobody_asks || http::leads_to(leaf, *outlook.published);
    // Who leaves the registration to others trusts them to have written it in time.
    if (!believed && config_.register_webhook) return false;
    const bool served_serves =
        !served_.pair.certificate_pem.empty() &&
        (nobody_asks || http::leads_to(served_.pair.certificate_pem, *outlook.published)) &&
        clock_->wall() < http::read_certificate(served_.pair.certificate_pem)->not_after;
    if (served_serves && !heard && config_.register_webhook) return false;
    const Status swapped = hooks_.serve(offered.pair);
    if (!swapped.ok()) {
      hooks_.failed("serving", swapped.error());
      return false;
    }
    served_ = offered;
    hooks_.serving(offered);
  }
  note(true, heard || !config_.register_webhook, "");
  return heard;
}

Duration Upkeep::wait_for_more(const OfferedCertificate& offered, bool done) const {
  if (done && offered.waiting && !offered.proven) return kUntilReady;  // to confirm it: others wait for that
  if (done && !offered.waiting) return config_.check;
  if (problem()) return std::min(kSoon, config_.check);
  return std::clamp(config_.settle / 8, Duration(100), config_.check);
}

Duration Upkeep::step() {
  // Until the cluster is read only one thing can be done, and that once: serve what is believed in already.
  const bool ready = hooks_.ready_to_register();
  if (!ready && std::exchange(looked_, true)) return kUntilReady;
  auto live = look();
  if (!live.ok()) return soon_after("registration", live.error());
  Outlook outlook{published_authorities(*live), {}, config_.settle, clock_->monotonic()};
  watch(outlook, false);
  auto offered = source_->step(outlook);
  if (!offered.ok()) return soon_after("certificates", offered.error());
  history_ = told_apart(std::move(history_), list_of(outlook), offered->authorities, outlook.monotonic);
  if (config_.register_webhook && ready && !awaits(*live)) {
    const bool known_before = outlook.published.has_value();
    const std::string version = *live ? (*live)->meta.resource_version : "";
    auto registered = register_with(offered->authorities, *std::move(live), outlook);
    if (!registered.ok()) return soon_after("registration", registered.error());
    if (*registered && (*registered)->meta.resource_version != version) {
      outlook.published = published_authorities(*registered);
      watch(outlook, !known_before);
    }
  }
  const bool may_begin = ready || !config_.register_webhook || outlook.published;
  const bool done = may_begin && serve(*offered, outlook);
  if (!config_.register_webhook && ready && may_look_) {
    const std::string& leaf = served_.pair.certificate_pem;
    hooks_.standing(outlook.published && !leaf.empty() && http::leads_to(leaf, *outlook.published));
  }
  return ready ? wait_for_more(*offered, done) : kUntilReady;
}

bool Upkeep::awaits(const Configuration& live) const {
  return !live && clock_->monotonic() < started_ + config_.await_registration;
}

void Upkeep::watch(Outlook& outlook, bool at_once) {
  history_ = observed(std::move(history_), list_of(outlook), at_once, outlook.monotonic);
  outlook.history = history_;
}

Duration Upkeep::soon_after(const char* doing, const Error& error) {
  if (error.code != Code::kConflict) {
    hooks_.failed(doing, error);
    const std::lock_guard lock(mutex_);
    why_ = (error.field.empty() ? "" : error.field + ": ") + error.message;
  }
  return std::min(kSoon, config_.check);
}

void Upkeep::note(bool serving, bool settled, std::string why) {
  const std::lock_guard lock(mutex_);
  serving_ = serving;
  settled_ = settled_ || settled;
  why_ = std::move(why);
}

std::optional<std::string> Upkeep::problem() const {
  const std::lock_guard lock(mutex_);
  if (!serving_)
    return why_.empty() ? "no certificate is served yet" : "no certificate is served yet: " + why_;
  if (config_.register_webhook && !registered_) {
    return why_.empty() ? "the webhook is not registered yet" : "the webhook is not registered yet: " + why_;
  }
  if (!settled_) return "the authority of the certificate is not known to every API server yet";
  return std::nullopt;
}

}  // namespace berth::webhook
