// The compositions of proto, which protoc-gen-grpc-federation has generated; the rig is grpc-go's, and forwards the headers.
package main

import (
	"log"
	"os"

	"google.golang.org/grpc"

	agent "protobff/grpc-federation/gen/agent/v1"
	chain "protobff/grpc-federation/gen/bench/chain/v1"
	fanout "protobff/grpc-federation/gen/bench/fanout/v1"
	list "protobff/grpc-federation/gen/bench/list/v1"
	up "protobff/grpc-federation/gen/bench/up/v1"
	billing "protobff/grpc-federation/gen/billing/v1"
	memory "protobff/grpc-federation/gen/memory/v1"
	notify "protobff/grpc-federation/gen/notify/v1"
	user "protobff/grpc-federation/gen/user/v1"
	web "protobff/grpc-federation/gen/web/v1"
	"protobff/grpc-federation/rig"
)

type homeClients struct{}

func (homeClients) Bench_Up_V1_ProfileServiceClient(fanout.HomeServiceClientConfig) (up.ProfileServiceClient, error) {
	return up.NewProfileServiceClient(rig.Conn("bench.up.v1.ProfileService")), nil
}
func (homeClients) Bench_Up_V1_ItemServiceClient(fanout.HomeServiceClientConfig) (up.ItemServiceClient, error) {
	return up.NewItemServiceClient(rig.Conn("bench.up.v1.ItemService")), nil
}
func (homeClients) Bench_Up_V1_SettingsServiceClient(fanout.HomeServiceClientConfig) (up.SettingsServiceClient, error) {
	return up.NewSettingsServiceClient(rig.Conn("bench.up.v1.SettingsService")), nil
}

type placeClients struct{}

func (placeClients) Bench_Up_V1_ProfileServiceClient(chain.PlaceServiceClientConfig) (up.ProfileServiceClient, error) {
	return up.NewProfileServiceClient(rig.Conn("bench.up.v1.ProfileService")), nil
}
func (placeClients) Bench_Up_V1_TeamServiceClient(chain.PlaceServiceClientConfig) (up.TeamServiceClient, error) {
	return up.NewTeamServiceClient(rig.Conn("bench.up.v1.TeamService")), nil
}
func (placeClients) Bench_Up_V1_RegionServiceClient(chain.PlaceServiceClientConfig) (up.RegionServiceClient, error) {
	return up.NewRegionServiceClient(rig.Conn("bench.up.v1.RegionService")), nil
}

type feedClients struct{}

func (feedClients) Bench_Up_V1_PostServiceClient(list.FeedServiceClientConfig) (up.PostServiceClient, error) {
	return up.NewPostServiceClient(rig.Conn("bench.up.v1.PostService")), nil
}
func (feedClients) Bench_Up_V1_AuthorServiceClient(list.FeedServiceClientConfig) (up.AuthorServiceClient, error) {
	return up.NewAuthorServiceClient(rig.Conn("bench.up.v1.AuthorService")), nil
}

type dashboardClients struct{}

func (dashboardClients) Agent_V1_AgentServiceClient(web.DashboardServiceClientConfig) (agent.AgentServiceClient, error) {
	return agent.NewAgentServiceClient(rig.Conn("agent.v1.AgentService")), nil
}
func (dashboardClients) Billing_V1_BillingServiceClient(web.DashboardServiceClientConfig) (billing.BillingServiceClient, error) {
	return billing.NewBillingServiceClient(rig.Conn("billing.v1.BillingService")), nil
}
func (dashboardClients) Memory_V1_MemoryServiceClient(web.DashboardServiceClientConfig) (memory.MemoryServiceClient, error) {
	return memory.NewMemoryServiceClient(rig.Conn("memory.v1.MemoryService")), nil
}
func (dashboardClients) Notify_V1_NotifyServiceClient(web.DashboardServiceClientConfig) (notify.NotifyServiceClient, error) {
	return notify.NewNotifyServiceClient(rig.Conn("notify.v1.NotifyService")), nil
}
func (dashboardClients) User_V1_UserServiceClient(web.DashboardServiceClientConfig) (user.UserServiceClient, error) {
	return user.NewUserServiceClient(rig.Conn("user.v1.UserService")), nil
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	rig.Serve(func(server *grpc.Server) {
		switch name := os.Args[1]; name {
		case "fanout":
			fanout.RegisterHomeServiceServer(server, must(fanout.NewHomeService(fanout.HomeServiceConfig{Client: homeClients{}})))
		case "chain":
			chain.RegisterPlaceServiceServer(server, must(chain.NewPlaceService(chain.PlaceServiceConfig{Client: placeClients{}})))
		case "list":
			list.RegisterFeedServiceServer(server, must(list.NewFeedService(list.FeedServiceConfig{Client: feedClients{}})))
		case "example":
			web.RegisterDashboardServiceServer(server, must(web.NewDashboardService(web.DashboardServiceConfig{Client: dashboardClients{}})))
		default:
			log.Fatalf("%q is none of fanout, chain, list, example", name)
		}
	})
}
