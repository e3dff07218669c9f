#include "engine/run/executor.h"

#include <tuple>
#include <utility>

#include <tbb/flow_graph.h>

#include "engine/run/arena.h"

namespace penstock {

using SliceMessage = std::shared_ptr<Slice>;
using BatchMessage = std::shared_ptr<BatchBlock>;

class Executor::Graph {
 public:
  using Slices = tbb::flow::multifunction_node<SliceMessage, std::tuple<BatchMessage>>;

  Graph(SliceBody slice_body, BatchBody batch_body)
      : slices(graph, tbb::flow::unlimited,
               [body = std::move(slice_body)](const SliceMessage& slice, Slices::output_ports_type& ports) {
                 if (BatchMessage done = body(*slice)) std::get<0>(ports).try_put(std::move(done));
               }),
        order(graph, [](const BatchMessage& batch) { return static_cast<size_t>(batch->sequence); }),
        batches(graph, tbb::flow::serial, [body = std::move(batch_body)](const BatchMessage& batch) {
          body(batch);
          return tbb::flow::continue_msg();
        }) {
    tbb::flow::make_edge(tbb::flow::output_port<0>(slices), order);
    tbb::flow::make_edge(order, batches);
  }

  tbb::flow::graph graph;
  Slices slices;
  tbb::flow::sequencer_node<BatchMessage> order;
  tbb::flow::function_node<BatchMessage> batches;
};

Executor::Executor(Cores& cores, SliceBody slices, BatchBody batches) : cores_(cores) {
  // A flow graph belongs to the arena it is made in.
  cores_.arena().tasks().execute([&] { graph_ = std::make_unique<Graph>(std::move(slices), std::move(batches)); });
}

Executor::~Executor() {
  wait();
  cores_.arena().tasks().execute([&] { graph_.reset(); });
}

void Executor::submit(std::shared_ptr<Slice> slice) { graph_->slices.try_put(std::move(slice)); }

void Executor::wait() { graph_->graph.wait_for_all(); }

}  // namespace penstock
