module protobff/masks

go 1.24

require (
	github.com/mennanov/fmutils v0.3.4
	google.golang.org/protobuf v1.36.12
)
