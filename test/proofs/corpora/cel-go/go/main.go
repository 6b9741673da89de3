// Answers lines of JSON strings, which are expressions, with an answer as JSON each: cel-go with the extensions of docs/expressions.md.
// Its only argument is a file with a message t.Vars, whose fields are the variables, once as x and once as c_x.
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"protobff/celgo/tpb"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

// See Answer in question.ts.
type answer struct {
	Type    string `json:"type,omitempty"`
	Refused string `json:"refused,omitempty"`
	Value   string `json:"value,omitempty"`
	Error   string `json:"error,omitempty"`
	Panic   bool   `json:"panic,omitempty"`
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func main() {
	varsBytes := must(os.ReadFile(os.Args[1]))
	vars := &tpb.Vars{}
	if err := proto.Unmarshal(varsBytes, vars); err != nil {
		panic(err)
	}
	vd := vars.ProtoReflect().Descriptor()
	opts := []cel.EnvOption{
		cel.Types(&tpb.All{}, &tpb.Inner{}, &tpb.Vars{}, &emptypb.Empty{}, &fieldmaskpb.FieldMask{}), cel.Container("t"),
		cel.DeclareContextProto(vd),
		cel.OptionalTypes(), ext.Strings(), ext.Math(), ext.Lists(), ext.Sets(), ext.Encoders(), ext.Bindings(), ext.Regex(), ext.TwoVarComprehensions(),
		cel.CrossTypeNumericComparisons(true), cel.DefaultUTCTimeZone(true), cel.EagerlyValidateDeclarations(true),
		cel.ParserRecursionLimit(1000),
	}
	env := must(cel.NewEnv(opts...))
	// c_x: the same once more
	act := must(cel.ContextProtoVars(vars, types.ProtoTypeDefs(&tpb.Vars{}, &tpb.All{}, &tpb.Inner{}, &emptypb.Empty{}, &fieldmaskpb.FieldMask{})))
	m := map[string]any{}
	var more []cel.EnvOption
	for _, v := range env.Variables() {
		if _, ok := act.ResolveName(v.Name()); ok && vd.Fields().ByName(protoreflect.Name(v.Name())) != nil {
			val, _ := act.ResolveName(v.Name())
			m[v.Name()] = val
			m["c_"+v.Name()] = val
			more = append(more, cel.Variable("c_"+v.Name(), v.Type()))
		}
	}
	env = must(env.Extend(more...))
	w := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer w.Flush()
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	sc := bufio.NewScanner(os.Stdin)
	sc.Buffer(make([]byte, 1<<20), 1<<26)
	for sc.Scan() {
		var expression string
		if err := json.Unmarshal(sc.Bytes(), &expression); err != nil {
			panic(err)
		}
		if err := enc.Encode(run(env, m, expression)); err != nil {
			panic(err)
		}
	}
}

func run(env *cel.Env, vars map[string]any, expression string) (o answer) {
	defer func() {
		if r := recover(); r != nil {
			o.Error = fmt.Sprint(r)
			o.Panic = true
		}
	}()
	ast, iss := env.Compile(expression)
	if iss.Err() != nil {
		e := iss.Err().Error()
		if len(e) > 300 {
			e = e[:300]
		}
		o.Refused = e
		return
	}
	o.Type = checker.FormatCELType(ast.OutputType())
	prg, err := env.Program(ast, cel.InterruptCheckFrequency(1000))
	if err != nil {
		o.Refused = err.Error()
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	v, _, err := prg.ContextEval(ctx, vars)
	if err != nil {
		o.Error = err.Error()
		o.Panic = strings.Contains(o.Error, "internal error")
		if o.Error == "" {
			o.Error = "?"
		}
		return
	}
	o.Value = canon(v)
	return
}

func str(s string) string {
	if !utf8.ValidString(s) {
		return "badstr:" + hex.EncodeToString([]byte(s))
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' {
			fmt.Fprintf(&b, "\\u{%x}", r)
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
func dbl(d float64) string {
	if math.IsNaN(d) {
		return "double:NaN"
	}
	return fmt.Sprintf("double:%016x", math.Float64bits(d))
}

func canon(v ref.Val) string {
	switch x := v.(type) {
	case types.Bool:
		return fmt.Sprint(bool(x))
	case types.Int:
		return fmt.Sprintf("int:%d", int64(x))
	case types.Uint:
		return fmt.Sprintf("uint:%d", uint64(x))
	case types.Double:
		return dbl(float64(x))
	case types.String:
		return str(string(x))
	case types.Bytes:
		return "bytes:" + hex.EncodeToString([]byte(x))
	case types.Null:
		return "null"
	case types.Timestamp:
		return fmt.Sprintf("ts:%d.%d", x.Time.Unix(), x.Time.Nanosecond())
	case types.Duration:
		s := int64(x.Duration) / 1e9
		n := int64(x.Duration) % 1e9
		return fmt.Sprintf("dur:%d.%d", s, n)
	case *types.Type:
		return "type:" + x.TypeName()
	case *types.Optional:
		if !x.HasValue() {
			return "opt:none"
		}
		return "opt:(" + canon(x.GetValue()) + ")"
	case *types.Err:
		return "ERR:" + x.Error()
	case traits.Mapper:
		var parts []string
		it := x.Iterator()
		for it.HasNext() == types.True {
			k := it.Next()
			parts = append(parts, canon(k)+"=>"+canon(x.Get(k)))
		}
		sort.Strings(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	case traits.Lister:
		var parts []string
		it := x.Iterator()
		for it.HasNext() == types.True {
			parts = append(parts, canon(it.Next()))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	if m, ok := v.Value().(proto.Message); ok {
		return canonMsg(m.ProtoReflect())
	}
	return fmt.Sprintf("??%v %v", reflect.TypeOf(v), v)
}

func canonMsg(m protoreflect.Message) string {
	d := m.Descriptor()
	if d.FullName() == "google.protobuf.Any" {
		url := m.Get(d.Fields().ByName("type_url")).String()
		b := m.Get(d.Fields().ByName("value")).Bytes()
		name := url[strings.LastIndex(url, "/")+1:]
		if md, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(name)); err == nil {
			inner := md.New()
			if err := proto.Unmarshal(b, inner.Interface()); err == nil {
				return "any(" + name + " " + canonMsg(inner) + ")"
			}
		}
		return "any(" + url + " " + base64.StdEncoding.EncodeToString(b) + ")"
	}
	type kv struct {
		n int
		s string
	}
	var parts []kv
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		var s string
		switch {
		case f.IsMap():
			var es []string
			v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				es = append(es, canonVal(f.MapKey(), k.Value())+"=>"+canonVal(f.MapValue(), v))
				return true
			})
			sort.Strings(es)
			s = "{" + strings.Join(es, ", ") + "}"
		case f.IsList():
			var es []string
			for i := 0; i < v.List().Len(); i++ {
				es = append(es, canonVal(f, v.List().Get(i)))
			}
			s = "[" + strings.Join(es, ", ") + "]"
		default:
			s = canonVal(f, v)
		}
		parts = append(parts, kv{int(f.Number()), fmt.Sprintf("%s:%s", f.Name(), s)})
		return true
	})
	sort.Slice(parts, func(i, j int) bool { return parts[i].n < parts[j].n })
	var ss []string
	for _, p := range parts {
		ss = append(ss, p.s)
	}
	return "msg:" + string(d.FullName()) + "{" + strings.Join(ss, ", ") + "}"
}

func canonVal(f protoreflect.FieldDescriptor, v protoreflect.Value) string {
	switch f.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return canonMsg(v.Message())
	case protoreflect.StringKind:
		return str(v.String())
	case protoreflect.BytesKind:
		return "bytes:" + hex.EncodeToString(v.Bytes())
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		return dbl(v.Float())
	case protoreflect.BoolKind:
		return fmt.Sprint(v.Bool())
	case protoreflect.EnumKind:
		return fmt.Sprintf("int:%d", int32(v.Enum()))
	case protoreflect.Uint32Kind, protoreflect.Uint64Kind, protoreflect.Fixed32Kind, protoreflect.Fixed64Kind:
		return fmt.Sprintf("uint:%d", v.Uint())
	}
	return fmt.Sprintf("int:%d", v.Int())
}
