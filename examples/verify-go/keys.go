package principal

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	fetchAfter = 5 * time.Minute  // keys are as good as new for so long
	askAgain   = 10 * time.Second // an unknown key is asked for so often at most
	maxStale   = 24 * time.Hour   // keys serve on for so long while the issuer is away
	mostBytes  = 256 << 10
)

// Set is a set of keys that does not change.
type Set map[string]ed25519.PublicKey

// Find implements Keys.
func (s Set) Find(id string) (ed25519.PublicKey, error) {
	if key, ok := s[id]; ok {
		return key, nil
	}
	return nil, ErrUnknownKey
}

// Parse reads what /.well-known/bff-keys answers: a JWK set (RFC 7517) of Ed25519 keys (RFC 8037).
func Parse(text []byte) (Set, error) {
	var document struct {
		Keys []struct{ Kty, Crv, X, Kid, Use string }
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	set := Set{}
	for _, key := range document.Keys {
		x, err := base64.RawURLEncoding.DecodeString(key.X)
		if key.Kty != "OKP" || key.Crv != "Ed25519" || key.Kid == "" || (key.Use != "" && key.Use != "sig") ||
			err != nil || len(x) != ed25519.PublicKeySize {
			continue
		}
		set[key.Kid] = x
	}
	if len(set) == 0 {
		return nil, errors.New("no keys")
	}
	return set, nil
}

// Remote are the keys at an address: https, for whoever could change them on the way could be anybody.
type Remote struct {
	URL    string
	Client *http.Client     // one with a timeout of 5 s where it is nil
	Now    func() time.Time // time.Now where it is nil

	mu      sync.Mutex
	set     Set
	fetched time.Time // when they came
	asked   time.Time // when they were last asked for
}

// Find implements Keys. One request at a time fetches, and the others that come then wait for it.
func (r *Remote) Find(id string) (ed25519.PublicKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if r.Now != nil {
		now = r.Now()
	}
	key, unknown := r.set.Find(id)
	old := now.Sub(r.fetched) >= fetchAfter
	var failed error
	if (unknown != nil || old) && now.Sub(r.asked) >= askAgain {
		r.asked = now
		var set Set
		if set, failed = r.fetch(); failed == nil {
			r.set, r.fetched = set, now
			key, unknown = set.Find(id)
		}
	}
	if now.Sub(r.fetched) >= fetchAfter+maxStale {
		return nil, fmt.Errorf("the issuer's keys cannot be fetched: %v", failed)
	}
	return key, unknown
}

func (r *Remote) fetch() (Set, error) {
	client := r.Client
	if client == nil {
		client = &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}
	}
	answer, err := client.Get(r.URL)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answers with status %d", answer.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, mostBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > mostBytes {
		return nil, fmt.Errorf("answers with more than %d bytes", mostBytes)
	}
	return Parse(text)
}
