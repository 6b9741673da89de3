// Decodes sequences of header blocks with golang.org/x/net/http2/hpack. Each line of the input is a sequence, its blocks in hex and separated by
// spaces; each line of the output is a JSON array with an outcome for each block: fields as [name, value] in hex, or a text that says why not,
// which is the last one.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"

	"golang.org/x/net/http2/hpack"
)

func decoded(line string) []any {
	outcomes := []any{}
	decoder := hpack.NewDecoder(4096, nil)
	for _, text := range strings.Split(line, " ") {
		block, err := hex.DecodeString(text)
		if err != nil {
			panic(err)
		}
		fields, err := decoder.DecodeFull(block)
		if err != nil {
			return append(outcomes, err.Error())
		}
		pairs := [][2]string{}
		for _, field := range fields {
			pairs = append(pairs, [2]string{hex.EncodeToString([]byte(field.Name)), hex.EncodeToString([]byte(field.Value))})
		}
		outcomes = append(outcomes, pairs)
	}
	return outcomes
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for lines.Scan() {
		if err := encoder.Encode(decoded(lines.Text())); err != nil {
			panic(err)
		}
	}
}
