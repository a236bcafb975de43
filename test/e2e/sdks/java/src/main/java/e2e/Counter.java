package e2e;

import dev.restate.sdk.ObjectContext;
import dev.restate.sdk.SharedObjectContext;
import dev.restate.sdk.annotation.Handler;
import dev.restate.sdk.annotation.Shared;
import dev.restate.sdk.annotation.VirtualObject;
import dev.restate.sdk.common.StateKey;

@VirtualObject
public class Counter {
  private static final StateKey<Integer> VALUE = StateKey.of("value", Integer.class);
  private static final StateKey<String> AWAKEABLE = StateKey.of("awakeable", String.class);

  @Handler
  public int add(ObjectContext ctx, int amount) {
    int value = ctx.get(VALUE).orElse(0) + amount;
    ctx.set(VALUE, value);
    return value;
  }

  @Shared
  public int get(SharedObjectContext ctx) {
    return ctx.get(VALUE).orElse(0);
  }

  @Handler
  public void remember(ObjectContext ctx, String id) {
    ctx.set(AWAKEABLE, id);
  }

  @Shared
  public String remembered(SharedObjectContext ctx) {
    return ctx.get(AWAKEABLE).orElse("");
  }

  @Shared
  public void resolve(SharedObjectContext ctx, String value) {
    ctx.awakeableHandle(ctx.get(AWAKEABLE).orElse("")).resolve(String.class, value);
  }
}
