#include "webhook/certificate.h"

#include <algorithm>
#include <utility>

#include "kube/http/certificate.h"

namespace berth::webhook {
namespace {

using http::KeyPair;
using http::read_certificate;

constexpr std::size_t kMaxAuthorities = 4;

constexpr char kLeafName[] = "berth-webhook";

bool expired(const std::string& pem, Instant now) {
  const auto facts = read_certificate(pem);
  return !facts.ok() || now >= facts->not_after;
}

// What of a bundle can be used.
struct Condition {
  std::vector<std::string> authorities = {};
  bool signer = false;    // the first authority with its key
  bool leaf = false;      // of one of the authorities, with its key
  bool own_leaf = false;  // of the first
};

Condition condition_of(const CertificateBundle& bundle) {
  Condition condition;
  auto split = http::split_certificates(bundle.ca_certificates);
  if (!split.ok() || split->empty()) return condition;
  condition.authorities = *std::move(split);
  const std::string& first = condition.authorities.front();
  condition.signer = http::check_pair({first, bundle.ca_key}).ok();
  condition.leaf = http::check_pair({bundle.certificate, bundle.key}).ok() &&
                   http::leads_to(bundle.certificate, condition.authorities);
  condition.own_leaf = condition.leaf && http::leads_to(bundle.certificate, {first});
  return condition;
}

bool has_names(const http::CertificateFacts& facts, const std::vector<std::string>& names) {
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::binary_search(facts.names.begin(), facts.names.end(), name);
  });
}

Instant five_sixths(const http::CertificateFacts& facts) {
  const Instant due = http::renewal_due(facts);
  return due + (facts.not_after - due) / 2;
}

Result<KeyPair> new_authority(Instant now, const Validity& validity) {
  return http::make_authority("berth-webhook-ca " + to_rfc3339(now), now, validity.ca);
}

// Those that still count, behind `first`.
std::string joined(const std::string& first, const std::vector<std::string>& older, Instant now) {
  std::string text = first;
  std::size_t count = 1;
  for (const std::string& pem : older) {
    if (pem == first || expired(pem, now) || count == kMaxAuthorities) continue;
    text += pem;
    ++count;
  }
  return text;
}

}  // namespace

Result<CertificateBundle> make_bundle(const std::vector<std::string>& names, Instant now,
                                      const Validity& validity) {
  return advanced({}, Stage::kMakeAll, Belief::kNotYet, names, now, validity);
}

const char* to_string(Stage stage) {
  switch (stage) {
    case Stage::kServe:
      return "nothing";
    case Stage::kAwait:
      return "waiting";
    case Stage::kMakeAll:
      return "all";
    case Stage::kAddAuthority:
      return "authority";
    case Stage::kIssueLeaf:
      return "leaf";
    case Stage::kForgetAuthorities:
      return "forgotten";
    case Stage::kConfirm:
      return "confirmed";
  }
  return "";
}

Stage next_stage(const CertificateBundle& bundle, Belief belief, const std::vector<std::string>& names,
                 Instant now) {
  const Condition have = condition_of(bundle);
  const bool leaf_serves = have.leaf && !expired(bundle.certificate, now);
  const bool signs = have.signer && !expired(have.authorities.front(), now);
  if (!signs) return leaf_serves ? Stage::kAddAuthority : Stage::kMakeAll;
  if (!leaf_serves) return Stage::kIssueLeaf;
  const auto leaf = read_certificate(bundle.certificate);
  if (!have.own_leaf) {
    const bool alone = belief == Belief::kNobodyAsks && now >= five_sixths(*leaf);
    return belief == Belief::kSettled || alone ? Stage::kIssueLeaf : Stage::kAwait;
  }
  if (now >= http::renewal_due(*read_certificate(have.authorities.front()))) return Stage::kAddAuthority;
  if (now >= http::renewal_due(*leaf) || !has_names(*leaf, names)) return Stage::kIssueLeaf;
  const bool some_expired = std::any_of(have.authorities.begin(), have.authorities.end(),
                                        [&](const std::string& pem) { return expired(pem, now); });
  if (some_expired) return Stage::kForgetAuthorities;
  return bundle.unproven && belief == Belief::kSettled ? Stage::kConfirm : Stage::kServe;
}

Result<CertificateBundle> advanced(const CertificateBundle& bundle, Stage stage, Belief belief,
                                   const std::vector<std::string>& names, Instant now,
                                   const Validity& validity) {
  if (stage == Stage::kServe || stage == Stage::kAwait) return bundle;
  const Condition have = condition_of(bundle);
  CertificateBundle made = bundle;
  if (stage == Stage::kConfirm) {
    made.unproven = false;
    return made;
  }
  KeyPair signer{have.authorities.empty() ? "" : have.authorities.front(), bundle.ca_key};
  if (stage == Stage::kMakeAll || stage == Stage::kAddAuthority) {
    TRY(signer, new_authority(now, validity));
    made.ca_key = signer.key_pem;
  }
  made.ca_certificates = joined(signer.certificate_pem, have.authorities, now);
  if (stage == Stage::kMakeAll || stage == Stage::kIssueLeaf) {
    TRY(KeyPair leaf, http::issue_certificate(signer, kLeafName, names, now, validity.leaf));
    made.certificate = std::move(leaf.certificate_pem);
    made.key = std::move(leaf.key_pem);
    // A leaf of the same authority as the one before is as good as that one was.
    const bool as_before = stage == Stage::kIssueLeaf && have.own_leaf && !bundle.unproven;
    made.unproven = !as_before && belief != Belief::kSettled;
  }
  return made;
}

}  // namespace berth::webhook
