#include "core/base/address_set.h"

#include <gtest/gtest.h>
#include <initializer_list>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace berth {
namespace {

Cidr network(const std::string& text) { return Cidr::parse(text).value(); }

AddressSet set_of(std::initializer_list<const char*> networks,
                  std::initializer_list<const char*> without = {}) {
  AddressSet set;
  for (const char* text : networks) set.add(network(text));
  for (const char* text : without) set.remove(network(text));
  return set;
}

std::string text_of(const AddressSet& set) {
  std::string text;
  for (const Cidr& one : set.networks()) text += (text.empty() ? "" : " ") + to_string(one);
  return text;
}

TEST(AddressSet, IsWrittenAsTheFewestNetworks) {
  EXPECT_EQ(text_of({}), "");
  EXPECT_EQ(text_of(set_of({"10.0.0.0/8"})), "10.0.0.0/8");
  EXPECT_EQ(text_of(set_of({"0.0.0.0/1", "128.0.0.0/1"})), "0.0.0.0/0") << "halves are the whole";
  EXPECT_EQ(text_of(set_of({"10.1.0.0/16", "10.0.0.0/8", "10.255.0.0/16"})), "10.0.0.0/8");
  EXPECT_EQ(text_of(set_of({"10.0.1.0/24", "10.0.2.0/24"})), "10.0.1.0/24 10.0.2.0/24") << "not aligned";
  EXPECT_EQ(text_of(set_of({"::/1", "8000::/1"})), text_of(set_of({"::/0"})));
}

TEST(AddressSet, LosesWhatIsTakenOut) {
  EXPECT_EQ(text_of(set_of({"10.0.0.0/30"}, {"10.0.0.1/32"})), "10.0.0.0/32 10.0.0.2/31");
  EXPECT_TRUE(set_of({"0.0.0.0/0"}, {"0.0.0.0/1", "128.0.0.0/1"}).empty());
  EXPECT_TRUE(set_of({"2001:db8::/32"}, {"2001::/16"}).empty());
  EXPECT_EQ(text_of(set_of({"192.0.2.0/24"}, {"10.0.0.0/8"})), "192.0.2.0/24");
  EXPECT_EQ(text_of(set_of({"255.255.255.255/32", "0.0.0.0/32"}, {"0.0.0.0/32"})), "255.255.255.255/32");
}

TEST(AddressSet, KeepsTheFamiliesApart) {
  EXPECT_EQ(text_of(set_of({"::/0", "0.0.0.0/0"}, {"0.0.0.0/0"})), text_of(set_of({"::/0"})));
  EXPECT_EQ(text_of(set_of({"::/0", "10.0.0.0/8"}, {"::/0"})), "10.0.0.0/8") << "::/0 is no IPv4 address";
  EXPECT_EQ(text_of(set_of({"::ffff:0:0/96"})), "0.0.0.0/0") << "but this is all of them";
  for (const Cidr& block : set_of({"::/0", "0.0.0.0/0"}).networks()) {
    EXPECT_EQ(Cidr::parse(to_string(block)).value(), block) << "a text that says the same";
  }
}

TEST(AddressSet, FindsWhatTwoHaveInCommon) {
  const AddressSet common =
      set_of({"10.0.0.0/8", "192.168.0.0/16"}).common_with(set_of({"10.9.0.0/16", "172.16.0.0/12"}));
  EXPECT_EQ(text_of(common), "10.9.0.0/16");
  EXPECT_TRUE(set_of({"10.0.0.0/8"}).common_with({}).empty());
}

// Against a set of single numbers: the last byte of 10.0.0.0/24, at both ends of it and in between.
TEST(AddressSet, AgreesWithASetOfSingleAddresses) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    AddressSet set;
    std::set<unsigned> model;
    for (int step = 0; step < 12; ++step) {
      const auto prefix = static_cast<unsigned>(24 + random() % 9);
      const unsigned size = 1U << (32 - prefix);
      const auto first = static_cast<unsigned>(random() % 256) / size * size;
      const Cidr block = network("10.0.0." + std::to_string(first) + "/" + std::to_string(prefix));
      const bool adds = random() % 3 != 0;
      for (unsigned i = first; i < first + size; ++i) {
        if (adds) {
          model.insert(i);
        } else {
          model.erase(i);
        }
      }
      if (adds) {
        set.add(block);
      } else {
        set.remove(block);
      }
      std::set<unsigned> found;
      for (const Cidr& one : set.networks()) {
        const unsigned begin = one.first()[15];
        for (unsigned i = begin; i <= one.last()[15]; ++i) EXPECT_TRUE(found.insert(i).second);
      }
      ASSERT_EQ(found, model);
    }
  }
}

// One by one, and all at once.
TEST(AddressSet, IsTheSameHoweverItIsPutTogether) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto some = [&](std::size_t count) {
    std::vector<Cidr> blocks;
    for (std::size_t i = 0; i < count; ++i) {
      const auto prefix = static_cast<unsigned>(24 + random() % 9);
      const unsigned size = 1U << (32 - prefix);
      const std::string first = std::to_string(static_cast<unsigned>(random() % 256) / size * size);
      blocks.push_back(network("10.0.0." + first + "/" + std::to_string(prefix)));
    }
    return blocks;
  };
  for (int round = 0; round < 300; ++round) {
    const std::vector<Cidr> ours = some(random() % 9);
    const std::vector<Cidr> theirs = some(random() % 9);
    AddressSet left;
    AddressSet right;
    AddressSet joined;
    AddressSet lost;
    for (const Cidr& block : ours) left.add(block);
    for (const Cidr& block : theirs) right.add(block);
    joined = left;
    lost = left;
    for (const Cidr& block : theirs) joined.add(block);
    for (const Cidr& block : theirs) lost.remove(block);
    AddressSet common = left;
    for (const Cidr& block : lost.networks()) common.remove(block);

    AddressSet at_once;
    at_once.add(ours);
    EXPECT_EQ(at_once, left);
    at_once.add(right);
    EXPECT_EQ(at_once, joined);
    at_once = left;
    at_once.remove(right);
    EXPECT_EQ(at_once, lost);
    EXPECT_EQ(left.common_with(right), common);
    EXPECT_EQ(right.common_with(left), common);
  }
}

}  // namespace
}  // namespace berth
