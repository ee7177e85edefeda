#include "cli/help.h"

#include <string_view>

namespace berth::cli {
namespace {

// Every "berth" at the start of a command line becomes the name the program was called by.
std::string named(std::string_view text, const std::string& program) {
  constexpr std::string_view kMark = "@";
  std::string result;
  while (true) {
    const std::size_t at = text.find(kMark);
    result += text.substr(0, at);
    if (at == std::string_view::npos) return result;
    result += program;
    text.remove_prefix(at + kMark.size());
  }
}

constexpr char kMain[] = R"(Berth decides which ports a Kubernetes cluster shows to the outside.

Usage:
  @ COMMAND [flags]

Commands:
  lint      judge manifests as the admission webhook would, before they reach a cluster
  version   print the version

Use "@ COMMAND --help" for the flags and examples of a command.
)";

constexpr char kLint[] = R"(Judge manifests as the admission webhook would, before they reach a cluster.

Reads YAML and JSON exactly as kubectl does, follows every way from outside the cluster to a container port
(LoadBalancer, NodePort, externalIPs, Ingress, hostPort, hostNetwork) through all objects it is given, and asks
every ExposurePolicy. Needs no cluster. Lint what is applied: the output of helm template or kubectl kustomize,
not the templates.

Usage:
  @ lint [flags] PATH...

  PATH is a file, a directory (every *.yaml, *.yml and *.json beneath it), or - for the standard input.

Flags:
      --policy PATH      ExposurePolicies to judge by, besides those found in PATH; may be repeated
      --with PATH        objects known to be in the cluster: joined with PATH, not judged; may be repeated
      --against PATH     the same, and an object of PATH that also stands there is judged as its update, so that
                         only what the change adds counts; may be repeated
  -n, --namespace NAME   namespace of objects that name none (default "default")
  -o, --output FORMAT    table or json (default table)
  -h, --help             show this text

Exit codes:
  0   nothing is denied (warnings and unknowns are shown)
  1   at least one object is denied
  2   input that cannot be read, wrong usage, or no ExposurePolicy at all

Examples:
  # The manifests of a repository, by the policies kept beside them
  @ lint --policy policies/ manifests/

  # What Helm would apply to the cluster, joined with what runs there
  kubectl get svc,deploy,sts,ing -A -o json > cluster.json
  helm template shop ./chart | @ lint --policy policies/ --with cluster.json -

  # A pull request: only what it exposes in addition is refused
  git worktree add ../base origin/main
  @ lint --policy policies/ --against ../base/manifests manifests/

  # For a program
  @ lint -o json --policy policies/ manifests/ | jq '.[] | select(.verdict == "Deny")'
)";

constexpr char kVersion[] = R"(Print the version of this program and of the API it knows.

Usage:
  @ version [flags]

Flags:
  -o, --output FORMAT    table or json (default table)
  -h, --help             show this text
)";

}  // namespace

std::string main_help(const std::string& program) { return named(kMain, program); }
std::string lint_help(const std::string& program) { return named(kLint, program); }
std::string version_help(const std::string& program) { return named(kVersion, program); }

}  // namespace berth::cli
