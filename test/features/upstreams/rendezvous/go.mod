module rendezvous

go 1.21

require github.com/dgryski/go-rendezvous v0.0.0-20200823014737-9f7001d12a5f
