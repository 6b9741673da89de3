// Writes vectors of rendezvous hashing: a line per case with the shards, the key and the chosen shard, as JSON.
package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"strconv"

	rendezvous "github.com/dgryski/go-rendezvous"
)

func hash(text string) uint64 {
	sum := sha256.Sum256([]byte(text))
	return binary.BigEndian.Uint64(sum[:8])
}

type vector struct {
	Shards []string `json:"shards"`
	Key    string   `json:"key"`
	Chosen string   `json:"chosen"`
}

func main() {
	seed, _ := strconv.ParseInt(os.Args[1], 10, 64)
	count, _ := strconv.Atoi(os.Args[2])
	random := rand.New(rand.NewSource(seed))
	runes := []rune("abcXYZ0189_-:/ éß漢字😀")
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for i := 0; i < count; i++ {
		shards := make([]string, 1+random.Intn(64))
		for j := range shards {
			shards[j] = fmt.Sprintf("s%d_%x", j, random.Intn(1<<16))
		}
		key := strconv.FormatInt(int64(random.Uint64()), 10)
		if i%2 == 0 {
			text := make([]rune, random.Intn(24))
			for j := range text {
				text[j] = runes[random.Intn(len(runes))]
			}
			key = string(text)
		}
		if err := out.Encode(vector{shards, key, rendezvous.New(shards, hash).Lookup(key)}); err != nil {
			panic(err)
		}
	}
}
