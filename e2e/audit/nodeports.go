package audit

import (
	"encoding/base64"
	"fmt"
	"math/big"

	"berth.dev/e2e/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// marks are the node ports that the API server calls taken. It marks a number before it stores the Service that
// asked for it, and unmarks it after the Service is gone; when it is killed in between, or loses etcd, or its client,
// the mark stays for minutes though nobody has the number, and everybody who asks for it is refused.
type marks struct {
	first int64
	bits  *big.Int
}

// readMarks reads the API server's RangeAllocation of node ports.
func readMarks(object *unstructured.Unstructured) (marks, error) {
	var first, last int64
	if _, err := fmt.Sscanf(kube.Text(object, "range"), "%d-%d", &first, &last); err != nil {
		return marks{}, fmt.Errorf("the range of node ports is %q: %w", kube.Text(object, "range"), err)
	}
	data, err := base64.StdEncoding.DecodeString(kube.Text(object, "data"))
	if err != nil {
		return marks{}, fmt.Errorf("the marks of node ports cannot be read: %w", err)
	}
	return marks{first, new(big.Int).SetBytes(data)}, nil
}

func (m marks) has(number int64) bool {
	return m.bits != nil && number >= m.first && m.bits.Bit(int(number-m.first)) == 1
}

// isMarkedForNobody tells whether the API server refuses a node port although no Service has it.
func (s *state) isMarkedForNobody(number int64) bool {
	if !s.marked.has(number) {
		return false
	}
	for _, one := range s.services {
		if one.health == number {
			return false
		}
		for _, port := range one.ports {
			if port.nodePort == number {
				return false
			}
		}
	}
	return true
}
