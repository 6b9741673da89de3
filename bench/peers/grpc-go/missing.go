package main

import (
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	bff "protobff/grpc-go/gen/bff/v1"
)

// missing is the parts of a response without which it is still of use.
type missing struct {
	lock sync.Mutex
	all  []*bff.Degradation
}

func (m *missing) add(path, upstream string, err error) {
	reason := bff.Degradation_REASON_UNAVAILABLE
	if status.Code(err) == codes.DeadlineExceeded {
		reason = bff.Degradation_REASON_TIMEOUT
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	m.all = append(m.all, &bff.Degradation{
		Path:     path,
		Upstream: upstream,
		Effect:   bff.Degradation_EFFECT_MISSING,
		Reason:   reason,
	})
}
