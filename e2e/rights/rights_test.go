package rights

import (
	"slices"
	"strings"
	"testing"

	"berth.dev/e2e/cluster"
	"berth.dev/e2e/kube"
)

const roles = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: keeper}
rules:
  - {apiGroups: [""], resources: [services, services/status], verbs: [get]}
  - {nonResourceURLs: [/metrics], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: keeper}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: keeper}
subjects: [{kind: ServiceAccount, name: keeper, namespace: harbour}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: keeper, namespace: harbour}
rules:
  - {apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: [light], verbs: [update]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: keeper, namespace: harbour}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: keeper}
subjects: [{kind: ServiceAccount, name: keeper, namespace: harbour}]
`

const keeper = "system:serviceaccount:harbour:keeper"

func TestWhatNobodyUsesIsNamed(t *testing.T) {
	grants, err := Granted(kube.MustParse(t, roles))
	if err != nil {
		t.Fatal(err)
	}
	all := []string{
		"keeper: get /metrics", "keeper: get services", "keeper: get services/status",
		"keeper: update leases.coordination.k8s.io light in harbour",
	}
	for _, c := range []struct {
		name string
		use  cluster.Use
		used string // "": none
	}{
		{"a resource", cluster.Use{User: keeper, Verb: "get", Resource: "services", Namespace: "a", Name: "b"}, all[1]},
		{"a subresource", cluster.Use{User: keeper, Verb: "get", Resource: "services/status"}, all[2]},
		{"a path", cluster.Use{User: keeper, Verb: "get", URL: "/metrics"}, all[0]},
		{"the named object", cluster.Use{User: keeper, Verb: "update", Group: "coordination.k8s.io", Resource: "leases",
			Namespace: "harbour", Name: "light"}, all[3]},
		{"another object", cluster.Use{User: keeper, Verb: "update", Group: "coordination.k8s.io", Resource: "leases",
			Namespace: "harbour", Name: "fire"}, ""},
		{"another namespace", cluster.Use{User: keeper, Verb: "update", Group: "coordination.k8s.io", Resource: "leases",
			Namespace: "sea", Name: "light"}, ""},
		{"another verb", cluster.Use{User: keeper, Verb: "list", Resource: "services"}, ""},
		{"another group", cluster.Use{User: keeper, Verb: "get", Group: "example.com", Resource: "services"}, ""},
		{"somebody else", cluster.Use{User: "system:serviceaccount:harbour:other", Verb: "get", Resource: "services"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var unused []string
			for _, grant := range Unused(grants, []cluster.Use{c.use}) {
				unused = append(unused, grant.String())
			}
			want := slices.DeleteFunc(slices.Clone(all), func(name string) bool { return name == c.used })
			if !slices.Equal(unused, want) {
				t.Errorf("unused: %q, want %q", unused, want)
			}
		})
	}
}

func TestWhoIsRefusedIsNamedIfHeIsOurs(t *testing.T) {
	grants, err := Granted(kube.MustParse(t, roles))
	if err != nil {
		t.Fatal(err)
	}
	refused := cluster.Use{User: keeper, Verb: "list", Resource: "pods", IsForbidden: true}
	uses := []cluster.Use{
		refused,
		{User: keeper, Verb: "get", Resource: "services"},
		{User: keeper, Verb: "get", Resource: "services", Name: "early", IsForbidden: true},
		{User: "system:serviceaccount:web:tenant", Verb: "list", Resource: "secrets", IsForbidden: true},
	}
	if found := Refused(grants, uses); !slices.Equal(found, []cluster.Use{refused}) {
		t.Errorf("refused: %+v", found)
	}
}

// Otherwise it would excuse what nobody can ask for.
func TestWhatTheLogDoesNotShowIsGranted(t *testing.T) {
	var granted []string
	for _, file := range []string{"operator-rbac.yaml", "webhook-rbac.yaml", "metrics-rbac.yaml"} {
		objects, err := kube.ParsePath("../../deploy/base/" + file)
		if err != nil {
			t.Fatal(err)
		}
		grants, err := Granted(objects)
		if err != nil {
			t.Fatal(err)
		}
		for _, grant := range grants {
			granted = append(granted, grant.String())
		}
	}
	for name := range Unseen {
		if !slices.Contains(granted, name) {
			t.Errorf("%s is not granted", name)
		}
	}
}

func TestAWildcardIsRefused(t *testing.T) {
	for _, c := range [][2]string{
		{"apiGroups: [\"\"], resources: [services, services/status]", "apiGroups: [\"\"], resources: ['*']"},
		{"resources: [services, services/status], verbs: [get]", "resources: [services], verbs: ['*']"},
	} {
		_, err := Granted(kube.MustParse(t, strings.Replace(roles, c[0], c[1], 1)))
		if err == nil || !strings.Contains(err.Error(), "ClusterRole keeper: rules[0] has a wildcard") {
			t.Errorf("%s: %v", c[1], err)
		}
	}
}

func TestABindingToNoRoleIsNamed(t *testing.T) {
	_, err := Granted(kube.MustParse(t, strings.Replace(roles, "kind: ClusterRole, name: keeper}", "kind: ClusterRole, name: kepper}", 1)))
	if err == nil || !strings.Contains(err.Error(), "ClusterRoleBinding keeper: ClusterRole kepper is not there") {
		t.Error(err)
	}
}
