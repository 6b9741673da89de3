package main

import (
	"context"
	"time"

	list "protobff/grpc-go/gen/bench/list/v1"
	up "protobff/grpc-go/gen/bench/up/v1"
	"protobff/grpc-go/rig"
)

type feed struct {
	list.UnimplementedFeedServiceServer
	posts   up.PostServiceClient
	authors up.AuthorServiceClient
}

func newFeed() *feed {
	return &feed{
		posts:   up.NewPostServiceClient(rig.Conn("bench.up.v1.PostService")),
		authors: up.NewAuthorServiceClient(rig.Conn("bench.up.v1.AuthorService")),
	}
}

func (s *feed) GetFeed(ctx context.Context, req *list.GetFeedRequest) (*list.Feed, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	posts, err := s.listPosts(ctx, req.FeedId)
	if err != nil {
		return nil, err
	}
	// All owners by one call.
	seen := make(map[string]bool)
	var ids []string
	for _, post := range posts {
		if !seen[post.AuthorId] {
			seen[post.AuthorId] = true
			ids = append(ids, post.AuthorId)
		}
	}
	var missing missing
	names, err := s.names(ctx, ids)
	if err != nil {
		missing.add("entries", "bench.up.v1.AuthorService", err)
	}
	entries := make([]*list.Entry, len(posts))
	for i, post := range posts {
		entries[i] = &list.Entry{Id: post.Id, Title: post.Title, AuthorName: names[post.AuthorId]}
	}
	return &list.Feed{Entries: entries, Degraded: missing.all}, nil
}

func (s *feed) listPosts(ctx context.Context, feedID string) ([]*up.Post, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	found, err := s.posts.ListPosts(ctx, &up.ListPostsRequest{FeedId: feedID})
	return found.GetPosts(), err
}

func (s *feed) names(ctx context.Context, ids []string) (map[string]*string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	found, err := s.authors.BatchGetAuthors(ctx, &up.BatchGetAuthorsRequest{Ids: ids})
	if err != nil {
		return nil, err
	}
	names := make(map[string]*string, len(found.Authors))
	for _, author := range found.Authors {
		names[author.Id] = &author.Name
	}
	return names, nil
}
