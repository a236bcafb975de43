package e2e;

import dev.restate.sdk.Awakeable;
import dev.restate.sdk.Context;
import dev.restate.sdk.annotation.Handler;
import dev.restate.sdk.annotation.Service;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

@Service
public class Tour {
  /** How often sleep was entered, replays included. */
  private final AtomicInteger entered = new AtomicInteger();

  /** How often its step was executed. */
  private final AtomicInteger steps = new AtomicInteger();

  @Handler
  public int run(Context ctx, int count) {
    int sum = 0;
    for (int i = 0; i < count; i++) {
      int value = i;
      sum += ctx.run("step " + i, Integer.class, () -> value);
    }
    return sum;
  }

  @Handler
  public int call(Context ctx, String key) {
    CounterClient.fromContext(ctx, key).add(2).await();
    return CounterClient.fromContext(ctx, key).add(3).await();
  }

  @Handler
  public List<Integer> sleep(Context ctx, int ms) {
    entered.incrementAndGet();
    int first =
        ctx.run(
            "first",
            Integer.class,
            () -> {
              steps.incrementAndGet();
              return entered.get();
            });
    ctx.sleep(Duration.ofMillis(ms));
    return List.of(first, entered.get(), steps.get());
  }

  @Handler
  public String awakeable(Context ctx, String key) {
    Awakeable<String> awakeable = ctx.awakeable(String.class);
    CounterClient.fromContext(ctx, key).remember(awakeable.id()).await();
    return awakeable.await();
  }
}
