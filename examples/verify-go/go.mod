module example.com/protobff/principal

go 1.22
