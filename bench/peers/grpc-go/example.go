package main

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	agent "protobff/grpc-go/gen/agent/v1"
	billing "protobff/grpc-go/gen/billing/v1"
	memory "protobff/grpc-go/gen/memory/v1"
	notify "protobff/grpc-go/gen/notify/v1"
	user "protobff/grpc-go/gen/user/v1"
	web "protobff/grpc-go/gen/web/v1"
	"protobff/grpc-go/rig"
)

type dashboard struct {
	web.UnimplementedDashboardServiceServer
	agents   agent.AgentServiceClient
	bills    billing.BillingServiceClient
	memories memory.MemoryServiceClient
	notes    notify.NotifyServiceClient
	users    user.UserServiceClient
}

func newDashboard() *dashboard {
	return &dashboard{
		agents:   agent.NewAgentServiceClient(rig.Conn("agent.v1.AgentService")),
		bills:    billing.NewBillingServiceClient(rig.Conn("billing.v1.BillingService")),
		memories: memory.NewMemoryServiceClient(rig.Conn("memory.v1.MemoryService")),
		notes:    notify.NewNotifyServiceClient(rig.Conn("notify.v1.NotifyService")),
		users:    user.NewUserServiceClient(rig.Conn("user.v1.UserService")),
	}
}

func (s *dashboard) GetDashboard(ctx context.Context, req *web.GetDashboardRequest) (*web.Dashboard, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	reply := &web.Dashboard{}
	var missing missing
	group.Go(func() error {
		summary, err := s.summary(ctx, req.WorkspaceId)
		if err != nil {
			return err
		}
		reply.Agent = &web.AgentSummary{Id: summary.Id, Status: statusOf(summary.Status), DisplayName: summary.DisplayName}
		names, err := s.names(ctx, summary.Runs)
		if err != nil {
			missing.add("runs[*].owner_name", "user.v1.UserService", err)
		}
		reply.Runs = make([]*web.RunCard, len(summary.Runs))
		for i, run := range summary.Runs {
			reply.Runs[i] = &web.RunCard{Id: run.Id, Title: run.Title, OwnerName: names[run.OwnerId]}
		}
		return nil
	})
	group.Go(func() error {
		ctx, cancel := context.WithTimeout(ctx, 80*time.Millisecond)
		defer cancel()
		usage, err := s.bills.GetUsage(ctx, &billing.GetUsageRequest{WorkspaceId: req.WorkspaceId})
		if err != nil {
			missing.add("spent_cents", "billing.v1.BillingService", err)
			return nil
		}
		reply.SpentCents = &usage.SpentCents
		return nil
	})
	group.Go(func() error {
		ctx, cancel := context.WithTimeout(ctx, 400*time.Millisecond)
		defer cancel()
		unread, err := s.notes.CountUnread(ctx, &notify.CountUnreadRequest{UserId: req.UserId})
		if err != nil {
			missing.add("unread", "notify.v1.NotifyService", err)
			return nil
		}
		reply.Unread = &unread.Count
		return nil
	})
	group.Go(func() error {
		facts, err := s.facts(ctx, req)
		if err != nil {
			missing.add("facts", "memory.v1.MemoryService", err)
			return nil
		}
		reply.Facts = facts
		return nil
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	reply.Degraded = missing.all
	return reply, nil
}

func (s *dashboard) summary(ctx context.Context, workspaceID string) (*agent.Summary, error) {
	ctx, cancel := context.WithTimeout(ctx, 400*time.Millisecond)
	defer cancel()
	return s.agents.GetSummary(ctx, &agent.GetSummaryRequest{WorkspaceId: workspaceID})
}

// names of the owners, all by one call.
func (s *dashboard) names(ctx context.Context, runs []*agent.Run) (map[string]*string, error) {
	if len(runs) == 0 {
		return nil, nil
	}
	seen := make(map[string]bool)
	var ids []string
	for _, run := range runs {
		if !seen[run.OwnerId] {
			seen[run.OwnerId] = true
			ids = append(ids, run.OwnerId)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 400*time.Millisecond)
	defer cancel()
	found, err := s.users.BatchGetUsers(ctx, &user.BatchGetUsersRequest{Ids: ids})
	if err != nil {
		return nil, err
	}
	names := make(map[string]*string, len(found.Users))
	for _, one := range found.Users {
		names[one.Id] = &one.Name
	}
	return names, nil
}

// facts need the session first.
func (s *dashboard) facts(ctx context.Context, req *web.GetDashboardRequest) ([]string, error) {
	session, err := s.session(ctx, req.WorkspaceId)
	if err != nil {
		return nil, err
	}
	query := req.Query
	if query == "" {
		query = "recent"
	}
	ctx, cancel := context.WithTimeout(ctx, 400*time.Millisecond)
	defer cancel()
	found, err := s.memories.Search(ctx, &memory.SearchRequest{SessionId: session.Id, Query: query})
	if err != nil {
		return nil, err
	}
	facts := make([]string, len(found.Items))
	for i, item := range found.Items {
		facts[i] = item.Text
	}
	return facts, nil
}

func (s *dashboard) session(ctx context.Context, workspaceID string) (*agent.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, 400*time.Millisecond)
	defer cancel()
	return s.agents.GetSession(ctx, &agent.GetSessionRequest{WorkspaceId: workspaceID})
}

func statusOf(status agent.Status) web.AgentStatus {
	switch status {
	case agent.Status_STATUS_IDLE:
		return web.AgentStatus_AGENT_STATUS_IDLE
	case agent.Status_STATUS_RUNNING:
		return web.AgentStatus_AGENT_STATUS_RUNNING
	default:
		return web.AgentStatus_AGENT_STATUS_UNSPECIFIED
	}
}
