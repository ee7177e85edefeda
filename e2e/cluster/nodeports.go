package cluster

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"

	clientv3 "go.etcd.io/etcd/client/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// NodePortMarksKey is where the API server keeps its marks of node ports.
const NodePortMarksKey = "/registry/ranges/servicenodeports"

// NodePortMarks are the node ports that the API server calls taken. It marks a number before it stores the Service
// that asks for it, and unmarks it when the Service is gone. If it is killed in between, or loses etcd or its client,
// the mark stays though nobody has the number, and everybody who asks for it is refused; its own repair, which comes
// every three minutes, removes such a mark when it has seen it three times.
type NodePortMarks struct {
	first int64
	bits  *big.Int
}

// ReadNodePortMarks reads them from what is stored.
func ReadNodePortMarks(object *unstructured.Unstructured) (NodePortMarks, error) {
	var first, last int64
	text, _, _ := unstructured.NestedString(object.Object, "range")
	if _, err := fmt.Sscanf(text, "%d-%d", &first, &last); err != nil {
		return NodePortMarks{}, fmt.Errorf("the range of node ports is %q: %w", text, err)
	}
	text, _, _ = unstructured.NestedString(object.Object, "data")
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return NodePortMarks{}, fmt.Errorf("the marks of node ports cannot be read: %w", err)
	}
	return NodePortMarks{first, new(big.Int).SetBytes(data)}, nil
}

// Has tells whether a number is marked.
func (m NodePortMarks) Has(number int64) bool {
	return m.bits != nil && number >= m.first && m.bits.Bit(int(number-m.first)) == 1
}

// Numbers lists those that are marked, in order.
func (m NodePortMarks) Numbers() []int64 {
	var numbers []int64
	if m.bits == nil {
		return nil
	}
	for i := range m.bits.BitLen() {
		if m.bits.Bit(i) == 1 {
			numbers = append(numbers, m.first+int64(i))
		}
	}
	return numbers
}

// NodePortMarks reads them from etcd.
func (c *Cluster) NodePortMarks(ctx context.Context) (NodePortMarks, error) {
	client, err := c.EtcdClient(ctx)
	if err != nil {
		return NodePortMarks{}, err
	}
	defer client.Close()
	_, marks, _, err := readMarks(ctx, client)
	return marks, err
}

// UnmarkNodePorts removes marks in etcd, as the API server's repair does. Only marks of numbers that no Service has, and
// none is about to get, may be removed: the API server would hand them out once more.
func (c *Cluster) UnmarkNodePorts(ctx context.Context, numbers ...int64) error {
	client, err := c.EtcdClient(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	for ctx.Err() == nil {
		object, marks, revision, err := readMarks(ctx, client)
		if err != nil {
			return err
		}
		for _, number := range numbers {
			marks.bits.SetBit(marks.bits, int(number-marks.first), 0)
		}
		object["data"] = base64.StdEncoding.EncodeToString(marks.bits.Bytes())
		value, err := json.Marshal(object)
		if err != nil {
			return err
		}
		answer, err := client.Txn(ctx).
			If(clientv3.Compare(clientv3.ModRevision(NodePortMarksKey), "=", revision)).
			Then(clientv3.OpPut(NodePortMarksKey, string(value))).
			Commit()
		if err != nil || answer.Succeeded {
			return err
		}
	}
	return ctx.Err()
}

func readMarks(ctx context.Context, client *clientv3.Client) (object map[string]any, marks NodePortMarks, revision int64, err error) {
	answer, err := client.Get(ctx, NodePortMarksKey)
	if err != nil {
		return nil, NodePortMarks{}, 0, err
	}
	if len(answer.Kvs) == 0 {
		return nil, NodePortMarks{}, 0, fmt.Errorf("%s is not stored", NodePortMarksKey)
	}
	if err := json.Unmarshal(answer.Kvs[0].Value, &object); err != nil {
		return nil, NodePortMarks{}, 0, err
	}
	marks, err = ReadNodePortMarks(&unstructured.Unstructured{Object: object})
	return object, marks, answer.Kvs[0].ModRevision, err
}
