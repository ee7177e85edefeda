// Three replicas whose clocks differ by an hour, API servers that hear late, restarts, lost answers and lost
// Secrets: at no moment does a ready replica serve a certificate that an API server does not believe in.
#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <map>
#include <random>

#include "core/base/api_names.h"
#include "kube/http/certificate.h"
#include "webhook/testing/replica.h"

namespace berth::webhook {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const Validity kValidity{hours(96), hours(48)};
constexpr Duration kSettle = minutes(10);
constexpr Duration kHearing = minutes(9);  // how long an API server takes to hear of a change
const ObjectKey kSecret{"berth-system", kWebhookSecret};
const ObjectKey kConfiguration{"", kWebhookConfiguration};

UpkeepConfig config() {
  UpkeepConfig made = test::upkeep_config();
  made.settle = kSettle;
  made.check = hours(6);
  made.linger = hours(12);
  return made;
}

class World {
 public:
  World(std::uint64_t seed, const UpkeepConfig& config, test::Wrap wrap) : random_(seed) {
    for (auto& replica : replicas_) {
      const Duration skew = minutes(below(121) - 60);
      replica = std::make_unique<test::Replica>(server_, clock_, skew, config, kValidity, wrap);
    }
    for (std::size_t i = 0; i < replicas_.size(); ++i) {
      replicas_[i]->transport.set_policy(
          [this, i](const testing::FaultContext& context) { return before_request(i, context); });
    }
  }

  // Until so long has passed, or something is wrong: then what.
  std::string run(Duration span) {
    const Instant end = clock_.wall() + span;
    while (clock_.wall() < end && fault_.empty()) {
      const auto next = std::min_element(due_.begin(), due_.end()) - due_.begin();
      const Duration wait = due_[static_cast<std::size_t>(next)] - clock_.wall();
      if (wait.count() > 0) clock_.advance(wait);
      disturb();
      step(static_cast<std::size_t>(next));
      judge();
    }
    return fault_;
  }

  int authorities_made() const {
    int count = 0;
    for (const auto& replica : replicas_) {
      count +=
          static_cast<int>(std::count(replica->stages.begin(), replica->stages.end(), Stage::kAddAuthority));
    }
    return count;
  }
  bool at_rest() {
    calm_ = true;
    for (int round = 0; round < 20; ++round) {
      clock_.advance(minutes(2));
      for (std::size_t i = 0; i < replicas_.size(); ++i) step(i);
    }
    return std::all_of(replicas_.begin(), replicas_.end(), [&](const auto& replica) {
      return replica->ready() && replica->served() == replicas_[0]->served();
    });
  }

 private:
  int below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }

  void step(std::size_t i) {
    stepping_[i] = true;
    due_[i] = clock_.wall() + replicas_[i]->step();
    stepping_[i] = false;
  }

  // Another replica may do all it has to do between two requests of this one, and requests get lost.
  testing::Fault before_request(std::size_t i, const testing::FaultContext&) {
    judge();
    if (calm_) return testing::NoFault{};
    const std::size_t other = (i + 1 + static_cast<std::size_t>(below(2))) % replicas_.size();
    if (below(8) == 0 && !stepping_[other]) step(other);
    switch (below(100)) {
      case 0:
        return testing::NotSent{};
      case 1:
        return testing::ReplyLost{};
      case 2:
        return testing::Answered{testing::refusal(503)};
      default:
        return testing::NoFault{};
    }
  }

  void disturb() {
    const auto whose = static_cast<std::size_t>(below(3));
    switch (below(60)) {
      case 0:
      case 1:
        replicas_[whose]->start();
        due_[whose] = clock_.wall();
        break;
      case 2: {
        const client::Client somebody(server_, {.field_manager = "somebody"});
        const auto tree = server_.object(wire::kSecret, kSecret);
        if (!tree) break;
        (void)somebody.remove<Secret>(wire::kSecret, kSecret,
                                      {.uid = Uid{tree->text_at({"metadata", "uid"})}});
        break;
      }
      case 3:
        server_.edit(wire::kSecret, kSecret, [](json::Tree& tree) { tree["data"].erase({"ca.key"}); });
        break;
      case 4:  // until its next step but one: as if it were cut off
        due_[whose] = due_[whose] + hours(below(5));
        break;
      default:
        break;
    }
  }

  // What API servers may still go by: what stands there, and what stood there not long ago.
  void judge() {
    if (server_.revision() != judged_) {
      judged_ = server_.revision();
      const auto published = published_authorities(testing::stored<ValidatingWebhookConfiguration>(
          server_, wire::kValidatingWebhookConfiguration, kConfiguration));
      if (published && (views_.empty() || views_.back().authorities != *published)) {
        if (!views_.empty()) views_.back().until = clock_.wall();
        views_.push_back({*published, {}, {}});
      }
    }
    std::erase_if(views_,
                  [&](const View& view) { return view.until && *view.until + kHearing < clock_.wall(); });
    for (std::size_t i = 0; i < replicas_.size(); ++i) {
      if (!replicas_[i]->ready()) continue;
      const std::string& leaf = replicas_[i]->served();
      const auto [facts, is_new] = facts_.try_emplace(leaf);
      if (is_new) facts->second = http::read_certificate(leaf).value();
      if (clock_.wall() < facts->second.not_before || clock_.wall() >= facts->second.not_after) {
        fail("replica " + std::to_string(i) + " serves a certificate that is not valid now");
      }
      for (View& view : views_) {
        const auto [believed, is_asked] = view.believed.try_emplace(leaf);
        if (is_asked) believed->second = http::leads_to(leaf, view.authorities);
        if (!believed->second)
          fail("replica " + std::to_string(i) +
               " serves a certificate that an API server does not believe in");
      }
    }
  }

  void fail(const std::string& what) {
    if (fault_.empty()) fault_ = what + " at " + to_rfc3339(clock_.wall());
  }

  struct View {
    std::vector<std::string> authorities = {};
    std::optional<Instant> until = {};
    std::map<std::string, bool> believed = {};  // by certificate
  };

  std::mt19937_64 random_;
  testing::ManualClock clock_;
  testing::FakeApiServer server_{clock_, {.field_owners = false}};
  std::array<std::unique_ptr<test::Replica>, 3> replicas_;
  std::array<Instant, 3> due_{clock_.wall(), clock_.wall(), clock_.wall()};
  std::array<bool, 3> stepping_{};
  std::vector<View> views_;
  std::map<std::string, http::CertificateFacts> facts_;
  std::int64_t judged_ = -1;
  std::string fault_;
  bool calm_ = false;
};

constexpr int kSeeds = 2;

TEST(Rotation, NeverShowsAnApiServerACertificateThatItDoesNotBelieveIn) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    World world(seed, config(), nullptr);
    EXPECT_EQ(world.run(hours(96) * 2), "") << "seed " << seed;
    EXPECT_GE(world.authorities_made(), 2) << "seed " << seed;
    EXPECT_TRUE(world.at_rest()) << "seed " << seed;
  }
}

// How many of the seeds find it out.
int found_out(const UpkeepConfig& config, test::Wrap wrap) {
  int found = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    World world(seed, config, wrap);
    if (!world.run(hours(96) * 2).empty()) ++found;
  }
  return found;
}

TEST(Rotation, WithoutWaitingForApiServersIsFoundOut) {
  UpkeepConfig hasty = config();
  hasty.settle = Duration(1);
  EXPECT_EQ(found_out(hasty, nullptr), kSeeds);
}

// Authority and leaf at once, as if nobody needed to hear of it.
class WithoutOverlap final : public CertificateSource {
 public:
  explicit WithoutOverlap(std::unique_ptr<CertificateKeeper> keeper) : keeper_(std::move(keeper)) {
    keeper_->choose_stages_by([](const CertificateBundle& bundle, Belief belief,
                                 const std::vector<std::string>& names, Instant now) {
      const Stage stage = next_stage(bundle, belief, names, now);
      return stage == Stage::kAddAuthority ? Stage::kMakeAll : stage;
    });
  }
  Result<OfferedCertificate> step(const Outlook& outlook) override {
    auto offered = keeper_->step(outlook);
    if (offered.ok()) offered->proven = true;
    return offered;
  }

 private:
  std::unique_ptr<CertificateKeeper> keeper_;
};

TEST(Rotation, WithoutOverlapIsFoundOut) {
  EXPECT_EQ(found_out(config(),
                      [](std::unique_ptr<CertificateKeeper> keeper) -> std::unique_ptr<CertificateSource> {
                        return std::make_unique<WithoutOverlap>(std::move(keeper));
                      }),
            kSeeds);
}

}  // namespace
}  // namespace berth::webhook
