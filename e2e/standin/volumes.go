package standin

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// volume is a folder that is mounted into a container, and what shall be in it.
type volume struct {
	name string
	dir  string
	// read returns the files of it; nil: an emptyDir. An error means that the pod has to wait.
	read func(ctx context.Context) (map[string][]byte, error)

	last map[string][]byte
	turn int
}

// volumesOf returns the volumes of a pod, in folders below dir, with nothing in them yet.
func (p *pod) volumesOf(object *corev1.Pod, dir string) ([]*volume, error) {
	var all []*volume
	for _, of := range object.Spec.Volumes {
		one := &volume{name: of.Name, dir: filepath.Join(dir, of.Name)}
		switch {
		case of.EmptyDir != nil:
		case of.Secret != nil:
			one.read = p.secret(of.Secret.SecretName, of.Secret.Items)
		case of.ConfigMap != nil:
			one.read = p.configMap(of.ConfigMap.Name, of.ConfigMap.Items)
		case of.Projected != nil:
			one.read = p.projected(of.Projected.Sources)
		default:
			return nil, fmt.Errorf("volume %s is of a kind that is not known here", of.Name)
		}
		if err := os.MkdirAll(one.dir, 0o755); err != nil {
			return nil, err
		}
		if one.read == nil {
			if err := os.Chmod(one.dir, 0o777); err != nil {
				return nil, err
			}
		}
		all = append(all, one)
	}
	return all, nil
}

func (p *pod) secret(name string, items []corev1.KeyToPath) func(context.Context) (map[string][]byte, error) {
	return func(ctx context.Context) (map[string][]byte, error) {
		secret, err := p.node.client.CoreV1().Secrets(p.namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		return chosen(secret.Data, items)
	}
}

func (p *pod) configMap(name string, items []corev1.KeyToPath) func(context.Context) (map[string][]byte, error) {
	return func(ctx context.Context) (map[string][]byte, error) {
		object, err := p.node.client.CoreV1().ConfigMaps(p.namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		files := maps.Clone(object.BinaryData)
		if files == nil {
			files = map[string][]byte{}
		}
		for key, text := range object.Data {
			files[key] = []byte(text)
		}
		return chosen(files, items)
	}
}

// chosen returns the files that items name, under their paths; without items all.
func chosen(files map[string][]byte, items []corev1.KeyToPath) (map[string][]byte, error) {
	if len(items) == 0 {
		return files, nil
	}
	some := map[string][]byte{}
	for _, item := range items {
		content, ok := files[item.Key]
		if !ok {
			return nil, fmt.Errorf("it has no key %s", item.Key)
		}
		some[item.Path] = content
	}
	return some, nil
}

func (p *pod) projected(sources []corev1.VolumeProjection) func(context.Context) (map[string][]byte, error) {
	token := ""
	var renew time.Time
	return func(ctx context.Context) (map[string][]byte, error) {
		files := map[string][]byte{}
		for _, source := range sources {
			var some map[string][]byte
			var err error
			switch {
			case source.ServiceAccountToken != nil:
				if now := time.Now(); now.After(renew) {
					if token, err = p.token(ctx, source.ServiceAccountToken); err != nil {
						return nil, err
					}
					seconds := *source.ServiceAccountToken.ExpirationSeconds
					renew = now.Add(time.Duration(seconds) * time.Second * 4 / 5)
				}
				some = map[string][]byte{source.ServiceAccountToken.Path: []byte(token)}
			case source.ConfigMap != nil:
				some, err = p.configMap(source.ConfigMap.Name, source.ConfigMap.Items)(ctx)
			case source.Secret != nil:
				some, err = p.secret(source.Secret.Name, source.Secret.Items)(ctx)
			case source.DownwardAPI != nil:
				some = map[string][]byte{}
				for _, item := range source.DownwardAPI.Items {
					some[item.Path] = []byte(p.field(item.FieldRef))
				}
			default:
				err = fmt.Errorf("a projection of a kind that is not known here")
			}
			if err != nil {
				return nil, err
			}
			maps.Copy(files, some)
		}
		return files, nil
	}
}

// token asks for one that is good only as long as this pod is there.
func (p *pod) token(ctx context.Context, projection *corev1.ServiceAccountTokenProjection) (string, error) {
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: projection.ExpirationSeconds,
		BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: p.name, UID: p.uid},
	}}
	if projection.Audience != "" {
		request.Spec.Audiences = []string{projection.Audience}
	}
	answer, err := p.node.client.CoreV1().ServiceAccounts(p.namespace).CreateToken(ctx, p.account, request, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	return answer.Status.Token, nil
}

// field reads what the downward API offers, as far as it is known here.
func (p *pod) field(of *corev1.ObjectFieldSelector) string {
	switch of.FieldPath {
	case "metadata.name":
		return p.name
	case "metadata.namespace":
		return p.namespace
	case "metadata.uid":
		return string(p.uid)
	case "spec.nodeName":
		return NodeName
	case "spec.serviceAccountName":
		return p.account
	case "status.podIP":
		return p.address.String()
	}
	return ""
}

// update writes the files if they have changed. They change all at once, as those of a kubelet: each is a link through
// ..data, which is replaced by a rename.
func (v *volume) update(ctx context.Context) error {
	if v.read == nil {
		return nil
	}
	files, err := v.read(ctx)
	if err != nil {
		return fmt.Errorf("volume %s: %w", v.name, err)
	}
	if v.last != nil && maps.EqualFunc(files, v.last, bytes.Equal) {
		return nil
	}
	v.turn++
	generation := "..turn-" + strconv.Itoa(v.turn)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := filepath.Join(v.dir, generation, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, files[name], 0o644); err != nil {
			return err
		}
	}
	if err := os.Symlink(generation, filepath.Join(v.dir, "..data.new")); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(v.dir, "..data.new"), filepath.Join(v.dir, "..data")); err != nil {
		return err
	}
	for name := range files {
		link := filepath.Join(v.dir, name)
		if err := os.Symlink(filepath.Join("..data", name), link); err != nil && !os.IsExist(err) {
			return err
		}
	}
	for name := range v.last {
		if _, still := files[name]; !still {
			_ = os.Remove(filepath.Join(v.dir, name))
		}
	}
	if v.turn > 1 {
		_ = os.RemoveAll(filepath.Join(v.dir, "..turn-"+strconv.Itoa(v.turn-1)))
	}
	v.last = files
	return nil
}
