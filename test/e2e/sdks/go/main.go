// usage: service PORT; see sdks_test.py for what the handlers are for
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	restate "github.com/restatedev/sdk-go"
	"github.com/restatedev/sdk-go/server"
)

var (
	entered atomic.Int64 // how often Sleep was entered, replays included
	steps   atomic.Int64 // how often its step was executed
)

func add(ctx restate.ObjectContext, amount int) (int, error) {
	value, err := restate.Get[int](ctx, "value")
	if err != nil {
		return 0, err
	}
	restate.Set(ctx, "value", value+amount)
	return value + amount, nil
}

func get(ctx restate.ObjectSharedContext, _ restate.Void) (int, error) {
	return restate.Get[int](ctx, "value")
}

func remember(ctx restate.ObjectContext, id string) (restate.Void, error) {
	restate.Set(ctx, "awakeable", id)
	return restate.Void{}, nil
}

func remembered(ctx restate.ObjectSharedContext, _ restate.Void) (string, error) {
	return restate.Get[string](ctx, "awakeable")
}

func resolve(ctx restate.ObjectSharedContext, value string) (restate.Void, error) {
	id, err := restate.Get[string](ctx, "awakeable")
	if err != nil {
		return restate.Void{}, err
	}
	restate.ResolveAwakeable(ctx, id, value)
	return restate.Void{}, nil
}

func run(ctx restate.Context, count int) (int, error) {
	sum := 0
	for i := 0; i < count; i++ {
		value, err := restate.Run(ctx, func(restate.RunContext) (int, error) { return i, nil },
			restate.WithName(fmt.Sprintf("step %d", i)))
		if err != nil {
			return 0, err
		}
		sum += value
	}
	return sum, nil
}

func call(ctx restate.Context, key string) (int, error) {
	if _, err := restate.Object[int](ctx, "Counter", key, "add").Request(2); err != nil {
		return 0, err
	}
	return restate.Object[int](ctx, "Counter", key, "add").Request(3)
}

func sleep(ctx restate.Context, ms int) ([]int64, error) {
	entered.Add(1)
	first, err := restate.Run(ctx, func(restate.RunContext) (int64, error) {
		steps.Add(1)
		return entered.Load(), nil
	}, restate.WithName("first"))
	if err != nil {
		return nil, err
	}
	if err := restate.Sleep(ctx, time.Duration(ms)*time.Millisecond); err != nil {
		return nil, err
	}
	return []int64{first, entered.Load(), steps.Load()}, nil
}

func awakeable(ctx restate.Context, key string) (string, error) {
	future := restate.Awakeable[string](ctx)
	_, err := restate.Object[restate.Void](ctx, "Counter", key, "remember").Request(future.Id())
	if err != nil {
		return "", err
	}
	return future.Result()
}

func main() {
	counter := restate.NewObject("Counter").
		Handler("add", restate.NewObjectHandler(add)).
		Handler("get", restate.NewObjectSharedHandler(get)).
		Handler("remember", restate.NewObjectHandler(remember)).
		Handler("remembered", restate.NewObjectSharedHandler(remembered)).
		Handler("resolve", restate.NewObjectSharedHandler(resolve))
	tour := restate.NewService("Tour").
		Handler("run", restate.NewServiceHandler(run)).
		Handler("call", restate.NewServiceHandler(call)).
		Handler("sleep", restate.NewServiceHandler(sleep)).
		Handler("awakeable", restate.NewServiceHandler(awakeable))
	endpoint, err := server.NewRestate().Bind(counter).Bind(tour).Handler()
	if err != nil {
		log.Fatal(err)
	}
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	http2 := http.Server{
		Addr:      "127.0.0.1:" + os.Args[1],
		Protocols: &protocols,
		Handler: http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
			fmt.Println(request.URL.Path, request.Header.Get("content-type"))
			endpoint(writer, request)
		}),
	}
	log.Fatal(http2.ListenAndServe())
}
