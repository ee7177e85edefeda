package faultproxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Send passes a request on to the next rule, or to the API server.
type Send func(*Request) (*Answer, error)

// Action is what a rule does with a request. An error ends the client's connection without an answer. The
// context ends with the proxy, and for a watch with its client.
type Action func(ctx context.Context, request *Request, send Send) (*Answer, error)

// Answer is what a client is told.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Stream io.ReadCloser // of a watch, instead of Body

	sent []func() // called when the client has been told
}

// ErrLost is the end of a connection without an answer.
var ErrLost = errors.New("the answer was lost")

// Gate is where something waits until it is opened. The zero value is no gate: see NewGate.
type Gate struct {
	mu      sync.Mutex
	reached chan struct{}
	open    chan struct{}
}

// NewGate returns a gate that is shut.
func NewGate() *Gate {
	return &Gate{reached: make(chan struct{}), open: make(chan struct{})}
}

// Reached is closed when somebody waits or has waited.
func (g *Gate) Reached() <-chan struct{} { return g.reached }

// Open lets everybody pass, now and later.
func (g *Gate) Open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	closeOnce(g.open)
}

func (g *Gate) wait(ctx context.Context) error {
	g.mu.Lock()
	closeOnce(g.reached)
	g.mu.Unlock()
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func closeOnce(c chan struct{}) {
	select {
	case <-c:
	default:
		close(c)
	}
}

// Hold keeps a request back until the gate opens; then it is sent, also if its sender has long given up.
func Hold(gate *Gate) Action {
	return func(ctx context.Context, request *Request, send Send) (*Answer, error) {
		if err := gate.wait(ctx); err != nil {
			return nil, err
		}
		return send(request)
	}
}

// HoldAnswer sends a request and keeps the answer back until the gate opens.
func HoldAnswer(gate *Gate) Action {
	return func(ctx context.Context, request *Request, send Send) (*Answer, error) {
		answer, err := send(request)
		if err != nil {
			return nil, err
		}
		return answer, gate.wait(ctx)
	}
}

// LoseAnswer lets the API server do what it is asked and ends the connection.
func LoseAnswer() Action {
	return func(_ context.Context, request *Request, send Send) (*Answer, error) {
		if _, err := send(request); err != nil {
			return nil, err
		}
		return nil, ErrLost
	}
}

// Lose ends the connection before the API server has seen the request.
func Lose() Action {
	return func(context.Context, *Request, Send) (*Answer, error) { return nil, ErrLost }
}

// Delay makes an answer take longer.
func Delay(by time.Duration) Action {
	return func(ctx context.Context, request *Request, send Send) (*Answer, error) {
		answer, err := send(request)
		select {
		case <-time.After(by):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		return answer, err
	}
}

// Refuse answers in the API server's stead. A retryAfter of at least a second becomes a header, as API
// servers write it in whole seconds. 429 is plain text, as flow control answers; everything else a Status.
func Refuse(status int, retryAfter time.Duration) Action {
	return func(_ context.Context, request *Request, _ Send) (*Answer, error) {
		answer := refusal(status, fmt.Sprintf("%s: answered by the fault proxy", request))
		if status == http.StatusTooManyRequests {
			answer.Header.Set("Content-Type", "text/plain; charset=utf-8")
			answer.Body = []byte("Too many requests, please try again later.\n")
		}
		if retryAfter >= time.Second {
			answer.Header.Set("Retry-After", strconv.Itoa(int(retryAfter/time.Second)))
		}
		return answer, nil
	}
}

func refusal(status int, message string) *Answer {
	reasons := map[int]metav1.StatusReason{
		http.StatusNotFound:            metav1.StatusReasonNotFound,
		http.StatusConflict:            metav1.StatusReasonConflict,
		http.StatusGone:                metav1.StatusReasonExpired,
		http.StatusInternalServerError: metav1.StatusReasonInternalError,
		http.StatusServiceUnavailable:  metav1.StatusReasonServiceUnavailable,
	}
	body, err := json.Marshal(metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   metav1.StatusFailure,
		Message:  message,
		Reason:   reasons[status],
		Code:     int32(status),
	})
	if err != nil {
		panic(err) // a struct of texts
	}
	return &Answer{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
}

// A Moment is where in the life of a request something happens.
type Moment string

// The three moments at which a client can die with a request under way.
const (
	BeforeSend  Moment = "before it is sent"
	BeforeReply Moment = "after it is stored and before the reply"
	AfterReply  Moment = "after the reply"
)

// Moments are all three.
var Moments = []Moment{BeforeSend, BeforeReply, AfterReply}

// At calls do at a moment of the request. But for AfterReply the client hears nothing any more.
func At(moment Moment, do func()) Action {
	return func(_ context.Context, request *Request, send Send) (*Answer, error) {
		if moment == BeforeSend {
			do()
			return nil, ErrLost
		}
		answer, err := send(request)
		if err != nil {
			return nil, err
		}
		if moment == BeforeReply {
			do()
			return nil, ErrLost
		}
		answer.sent = append(answer.sent, do)
		return answer, nil
	}
}
