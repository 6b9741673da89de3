package main

import (
	"context"
	"time"

	chain "protobff/grpc-go/gen/bench/chain/v1"
	types "protobff/grpc-go/gen/bench/types/v1"
	up "protobff/grpc-go/gen/bench/up/v1"
	"protobff/grpc-go/rig"
)

type place struct {
	chain.UnimplementedPlaceServiceServer
	profiles up.ProfileServiceClient
	teams    up.TeamServiceClient
	regions  up.RegionServiceClient
}

func newPlace() *place {
	return &place{
		profiles: up.NewProfileServiceClient(rig.Conn("bench.up.v1.ProfileService")),
		teams:    up.NewTeamServiceClient(rig.Conn("bench.up.v1.TeamService")),
		regions:  up.NewRegionServiceClient(rig.Conn("bench.up.v1.RegionService")),
	}
}

func (s *place) GetPlace(ctx context.Context, req *chain.GetPlaceRequest) (*chain.Place, error) {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	profile, err := s.profile(ctx, req.UserId)
	if err != nil {
		return nil, err
	}
	team, err := s.team(ctx, profile.TeamId)
	if err != nil {
		return nil, err
	}
	region, err := s.region(ctx, team.RegionId)
	if err != nil {
		return nil, err
	}
	return &chain.Place{Person: profile.Name, Team: team.Name, Region: region.Name, TimeZone: region.TimeZone}, nil
}

func (s *place) profile(ctx context.Context, userID string) (*types.Profile, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return s.profiles.GetProfile(ctx, &up.GetProfileRequest{UserId: userID})
}

func (s *place) team(ctx context.Context, id string) (*up.Team, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return s.teams.GetTeam(ctx, &up.GetTeamRequest{Id: id})
}

func (s *place) region(ctx context.Context, id string) (*up.Region, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return s.regions.GetRegion(ctx, &up.GetRegionRequest{Id: id})
}
