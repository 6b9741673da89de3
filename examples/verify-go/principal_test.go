package principal

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"
)

// What the TypeScript side has made: vectors.test.ts.
type vectors struct {
	Issuer   string
	Audience string
	Type     string
	Keys     map[string]json.RawMessage // as published before and after a rotation
	Cases    []struct {
		Name, Header, Keys, Error, Source string
		Now                               int64
		Principal                         []byte
	}
}

func load(t testing.TB) (all vectors) {
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRecorded(t *testing.T) {
	all := load(t)
	for _, one := range all.Cases {
		t.Run(one.Name, func(t *testing.T) {
			keys, err := Parse(all.Keys[one.Keys])
			if err != nil {
				t.Fatal(err)
			}
			now := func() time.Time { return time.Unix(one.Now, 0) }
			caller, err := Verifier{all.Issuer, []string{all.Audience}, all.Type, keys, now}.Verify(one.Header)
			said := ""
			if err != nil {
				said = err.Error()
			}
			if said != one.Error || caller.Source != one.Source || string(caller.Principal) != string(one.Principal) {
				t.Errorf("%q %q %x", said, caller.Source, caller.Principal)
			}
		})
	}
}

func TestRemote(t *testing.T) {
	all := load(t)
	now, asked, published, status := time.Unix(1_800_000_000, 0), 0, all.Keys["first"], 200
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.WriteHeader(status)
		w.Write(published)
	}))
	defer server.Close()
	remote := &Remote{URL: server.URL, Now: func() time.Time { return now }}
	first, _ := Parse(all.Keys["first"])
	second, _ := Parse(all.Keys["second"])
	find := func(set Set, want error) {
		t.Helper()
		for id := range set {
			if _, err := remote.Find(id); err != want {
				t.Errorf("%v in place of %v", err, want)
			}
		}
	}
	find(first, nil)
	find(second, ErrUnknownKey) // asked for a moment ago
	published = all.Keys["second"]
	now = now.Add(askAgain)
	find(second, nil)
	find(first, ErrUnknownKey)
	status = 503
	now = now.Add(time.Hour)
	find(second, nil)
	if asked != 3 {
		t.Errorf("asked %d times", asked)
	}
	now = now.Add(2 * maxStale)
	for id := range second {
		if _, err := remote.Find(id); err == nil || err == ErrUnknownKey {
			t.Errorf("%v", err)
		}
	}
}

// Bytes from anywhere are refused, and never a panic.
func FuzzVerify(f *testing.F) {
	all := load(f)
	keys, _ := Parse(all.Keys["first"])
	for _, one := range all.Cases {
		f.Add(one.Header)
	}
	verifier := Verifier{Issuer: all.Issuer, Audience: []string{all.Audience}, Type: all.Type, Keys: keys}
	f.Fuzz(func(_ *testing.T, header string) { verifier.Verify(header) })
}

func BenchmarkVerify(b *testing.B) {
	all := load(b)
	keys, _ := Parse(all.Keys["first"])
	one := all.Cases[0]
	now := func() time.Time { return time.Unix(one.Now, 0) }
	verifier := Verifier{all.Issuer, []string{all.Audience}, all.Type, keys, now}
	for i := 0; i < b.N; i++ {
		if _, err := verifier.Verify(one.Header); err != nil {
			b.Fatal(err)
		}
	}
}
