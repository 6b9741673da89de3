package main

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	fanout "protobff/grpc-go/gen/bench/fanout/v1"
	types "protobff/grpc-go/gen/bench/types/v1"
	up "protobff/grpc-go/gen/bench/up/v1"
	"protobff/grpc-go/rig"
)

type home struct {
	fanout.UnimplementedHomeServiceServer
	profiles up.ProfileServiceClient
	items    up.ItemServiceClient
	settings up.SettingsServiceClient
}

func newHome() *home {
	return &home{
		profiles: up.NewProfileServiceClient(rig.Conn("bench.up.v1.ProfileService")),
		items:    up.NewItemServiceClient(rig.Conn("bench.up.v1.ItemService")),
		settings: up.NewSettingsServiceClient(rig.Conn("bench.up.v1.SettingsService")),
	}
}

func (s *home) GetHome(ctx context.Context, req *fanout.GetHomeRequest) (*fanout.Home, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	var (
		profile  *types.Profile
		items    *types.Items
		settings *types.Settings
	)
	group.Go(func() (err error) {
		ctx, cancel := context.WithTimeout(ctx, 1500*time.Millisecond)
		defer cancel()
		profile, err = s.profiles.GetProfile(ctx, &up.GetProfileRequest{UserId: req.UserId})
		return err
	})
	group.Go(func() (err error) {
		ctx, cancel := context.WithTimeout(ctx, 1500*time.Millisecond)
		defer cancel()
		items, err = s.items.ListItems(ctx, &up.ListItemsRequest{UserId: req.UserId})
		return err
	})
	group.Go(func() (err error) {
		ctx, cancel := context.WithTimeout(ctx, 1500*time.Millisecond)
		defer cancel()
		settings, err = s.settings.GetSettings(ctx, &up.GetSettingsRequest{UserId: req.UserId})
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return &fanout.Home{Profile: profile, Items: items, Settings: settings}, nil
}
