#include "kube/yaml/yaml_tree.h"

#include <sstream>
#include <utility>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace berth::yaml {
namespace {

// Thrown through yaml-cpp's parser and caught in parse_yaml, as yaml-cpp's own exceptions are.
struct Refused {
  std::string message;
  int line;
};

class Builder final : public YAML::EventHandler {
 public:
  YamlTree take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    if (wants_key()) throw Refused{"a key is missing", mark.line};
    place(mark, {});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    throw Refused{"aliases are not accepted; write the value out", mark.line};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    if (wants_key()) {
      open_.back().key = value;
      open_.back().has_key = true;
      return;
    }
    // yaml-cpp tells a quoted scalar by the tag "!": only a plain one can mean null.
    const bool plain = tag != "!";
    if (plain && (value.empty() || value == "~" || value == "null")) {
      place(mark, {});
    } else {
      place(mark, YamlTree{value});
    }
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    begin(mark, anchor, YamlTree{YamlTree::List{}});
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    begin(mark, anchor, YamlTree{YamlTree::Mapping{}});
  }
  void OnMapEnd() override { end(); }

 private:
  struct Open {
    YamlTree tree;
    std::string key;  // of the member that is being read
    bool has_key = false;
    int line = 0;
  };

  static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) throw Refused{"anchors are not accepted; write the value out", mark.line};
  }

  [[nodiscard]] bool wants_key() const {
    return !open_.empty() && std::holds_alternative<YamlTree::Mapping>(open_.back().tree.value) &&
           !open_.back().has_key;
  }

  void begin(const YAML::Mark& mark, YAML::anchor_t anchor, YamlTree tree) {
    refuse_anchor(mark, anchor);
    if (wants_key()) throw Refused{"a key must be text", mark.line};
    if (open_.size() >= kMaxYamlDepth) throw Refused{"nested too deeply", mark.line};
    open_.push_back({std::move(tree), "", false, mark.line});
  }

  void end() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    YAML::Mark mark;
    mark.line = closed.line;
    place(mark, std::move(closed.tree));
  }

  void place(const YAML::Mark& mark, YamlTree tree) {
    if (open_.empty()) {
      root_ = std::move(tree);
      return;
    }
    Open& parent = open_.back();
    if (auto* list = std::get_if<YamlTree::List>(&parent.tree.value)) {
      list->push_back(std::move(tree));
      return;
    }
    auto& mapping = std::get<YamlTree::Mapping>(parent.tree.value);
    if (!mapping.emplace(parent.key, std::move(tree)).second) {
      throw Refused{"the key \"" + parent.key + "\" stands there twice", mark.line};
    }
    parent.has_key = false;
  }

  YamlTree root_;
  std::vector<Open> open_;
};

Error at_line(int line, const std::string& message) {
  return malformed("line " + std::to_string(line + 1) + ": " + message);
}

}  // namespace

Result<YamlTree> parse_yaml(std::string_view text) {
  if (text.size() > kMaxYamlBytes) return malformed("larger than 1 MiB");
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder;
    if (!parser.HandleNextDocument(builder)) return YamlTree{};
    YamlTree tree = builder.take();
    Builder rest;
    if (parser.HandleNextDocument(rest)) return malformed("more than one document");
    return tree;
  } catch (const Refused& refused) {
    return at_line(refused.line, refused.message);
  } catch (const YAML::Exception& exception) {
    return at_line(exception.mark.line, exception.msg);
  }
}

}  // namespace berth::yaml
