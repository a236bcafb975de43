#include "invoker/exchange.h"

#include "invoker/options.h"

#include <utility>

namespace restate::invoker {

// Each of these may destroy the exchange: nothing comes after the call.

void Exchange::on_head(const protocol::ResponseHeadView& head) {
  if (owner_ != nullptr) owner_->on_head(head);
}

void Exchange::on_data(Bytes data) {
  if (owner_ != nullptr) return owner_->on_data(std::move(data));
  warn_of_more(data.size());
}

void Exchange::warn_of_more(std::size_t bytes) {
  if (bytes == 0 || std::exchange(warned_, true)) return;
  log_.warn("invoker", "an endpoint went on after its last message; that is ignored",
            {{"restate.invocation.id", invocation_.str()}, {"bytes", bytes}});
}

void Exchange::on_end() {
  if (owner_ != nullptr) return owner_->on_end();
  lingering_->drop(*this);
}

void Exchange::on_error(const TransportFailure& failure) {
  if (owner_ != nullptr) return owner_->on_error(failure);
  lingering_->drop(*this);
}

void Exchange::on_drained() {
  if (owner_ != nullptr) owner_->on_drained();
}

void Exchange::on_deadline() { lingering_->drop(*this); }

void LingeringExchanges::take(std::unique_ptr<Exchange> exchange) {
  exchange->owner_ = nullptr;
  exchange->lingering_ = this;
  exchange->index_ = exchanges_.size();
  exchange->deadlines_.start(exchange->deadline_, kDrainTimeout);
  exchanges_.push_back(std::move(exchange));
}

void LingeringExchanges::drop(Exchange& exchange) {
  const std::size_t index = exchange.index_;
  std::swap(exchanges_[index], exchanges_.back());
  exchanges_[index]->index_ = index;
  exchanges_.pop_back();
}

}  // namespace restate::invoker
