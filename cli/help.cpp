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
  explain   say how to get an exception from a policy
  export    print policies in a form that the API server keeps by itself
  lint      judge manifests as the admission webhook would, before they reach a cluster
  version   print the version

Use "@ COMMAND --help" for the flags and examples of a command.
)";

constexpr char kLint[] = R"(Judge manifests as the admission webhook would, before they reach a cluster.

Reads YAML and JSON exactly as kubectl does, follows every way from outside the cluster to a container port
(LoadBalancer, NodePort, externalIPs, Ingress, Gateway API, kinds of known controllers, hostPort, hostNetwork)
through all objects it is given, and asks every ExposurePolicy. Needs no cluster. Lint what is applied: the output of
helm template or kubectl kustomize, not the templates.

Usage:
  @ lint [flags] PATH...

  PATH is a file, a directory (every *.yaml, *.yml and *.json beneath it), or - for the standard input.

Flags:
      --policy PATH      ExposurePolicies to judge by, besides those found in PATH; may be repeated
      --with PATH        objects known to be in the cluster: joined with PATH, not judged; may be repeated
      --against PATH     the same, and an object of PATH that also stands there is judged as its update, so that
                         only what the change adds counts; may be repeated
      --adapters FILE    table of further kinds that lead out of the cluster or make pods
      --fail-on VERDICT  deny, unknown or warn: the least that makes the command fail (default deny)
  -n, --namespace NAME   namespace of objects that name none (default "default")
  -o, --output FORMAT    table, json, yaml, sarif (code scanning), junit (test results) or github (annotations in
                         the log of a workflow); default table
  -h, --help             show this text

Exit codes:
  0   nothing is denied (warnings and unknowns are shown)
  1   at least one object is denied
  2   input that cannot be read, wrong usage, or no ExposurePolicy at all
  3   nothing is denied, but something is unknown or warned of that --fail-on names

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

constexpr char kExport[] =
    R"(Print ExposurePolicies as ValidatingAdmissionPolicies, which the API server keeps by itself.

They refuse what one object alone shows: internal numbers of Services of type NodePort and LoadBalancer, of external
IPs, hostPort and hostNetwork. An ExposurePolicy with enforce.admissionPolicy: true has them made, checked and kept by
the operator; print them for a cluster without one, for a GitOps repository, or for files that nobody can change by
the API (--static). Exceptions that have not expired yet are left open: print them again when one does.

Usage:
  @ export admission-policy [flags] PATH...

  PATH is a file, a directory (every *.yaml, *.yml and *.json beneath it), or - for the standard input.

Flags:
      --static                   for the manifest directory of the API server (Kubernetes 1.36 and newer): names end
                                 in .static.k8s.io
      --exclude-namespaces LIST  namespaces that are let alone (default
                                 kube-system,kube-node-lease,kube-public,berth-system)
      --operator-user USER       whose Services are let alone (default
                                 system:serviceaccount:berth-system:berth-operator)
  -o, --output FORMAT            yaml or json (default yaml)
  -h, --help                     show this text

Examples:
  # A cluster without the operator
  @ export admission-policy policies/ | kubectl apply --server-side -f -

  # A wall that stands before the first request, and that no user of the API can take down
  @ export admission-policy --static policies/ > /etc/kubernetes/admission/berth.yaml
)";

constexpr char kExplain[] = R"(Say how something that a denial speaks of is done.

Usage:
  @ explain --exception

Flags:
      --exception        how to ask for an exception from an ExposurePolicy
  -h, --help             show this text
)";

constexpr char kException[] =
    R"(An exception lets one port of one workload out, by the ways it names, until it expires.

Whoever owns the ExposurePolicy that the denial names adds it to spec.exceptions:

  exceptions:
    - namespace: data
      workload: {kind: StatefulSet, name: pg}   # the workload at the end of the path in the denial
      port: 5432                                # the internal number
      protocol: TCP                             # default
      via: [LoadBalancer]                       # the ways it holds for, as the denial's path begins
      owner: dba@example.org                    # who answers for it
      reason: "migration 4711"
      expiresAt: "2027-01-31T00:00:00Z"         # from then on the port is refused again

kubectl explain exposurepolicy.spec.exceptions describes every field.
)";

}  // namespace

std::string explain_help(const std::string& program) { return named(kExplain, program); }
std::string export_help(const std::string& program) { return named(kExport, program); }
std::string exception_text() { return kException; }
std::string main_help(const std::string& program) { return named(kMain, program); }
std::string lint_help(const std::string& program) { return named(kLint, program); }
std::string version_help(const std::string& program) { return named(kVersion, program); }

}  // namespace berth::cli
