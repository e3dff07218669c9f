#include "pipelines/train/position.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"

namespace penstock::train {
namespace {

using nlohmann::json;

json of_optional(const std::optional<double>& v) { return v ? json(*v) : json(nullptr); }
json of_figures(const std::vector<metrics::Figure>& figures) {
  json out = json::array();
  for (const metrics::Figure& f : figures)
    out.push_back({{"name", f.name}, {"value", f.value}, {"lower_is_better", f.lower_is_better}});
  return out;
}
std::optional<double> to_optional(const json& v) { return v.is_null() ? std::nullopt : std::optional(v.get<double>()); }

}  // namespace

std::string Position::to_json() const {
  return json{{"epoch", epoch},
              {"step", step},
              {"steps", steps},
              {"rejected", rejected},
              {"sums", {{"loss", sums.loss}, {"records", sums.records}, {"top1", sums.top1}}},
              {"logs", {{"metrics", logs.metrics}, {"quarantine", logs.quarantine}, {"ledger", logs.ledger}}},
              {"best", best},
              {"best_epoch", best_epoch},
              {"last",
               {{"epoch", last.epoch},
                {"train_loss", last.train_loss},
                {"train_top1", last.train_top1},
                {"val_loss", of_optional(last.val_loss)},
                {"val_top1", of_optional(last.val_top1)},
                {"val_top5", of_optional(last.val_top5)},
                {"rows", last.rows ? json(static_cast<int>(*last.rows)) : json(nullptr)},
                {"figures", of_figures(last.figures)}}},
              {"torch_threads", torch_threads},
              {"data", data},
              {"val", val},
              {"totals", totals.to_json()},
              {"recipe", recipe},
              {"classes", classes}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

Position Position::from_json(std::string_view text, const std::string& origin) {
  Position out;
  try {
    const json run = json::parse(text);
    run.at("epoch").get_to(out.epoch);
    run.at("step").get_to(out.step);
    run.at("steps").get_to(out.steps);
    run.at("rejected").get_to(out.rejected);
    run.at("sums").at("loss").get_to(out.sums.loss);
    run.at("sums").at("records").get_to(out.sums.records);
    run.at("sums").at("top1").get_to(out.sums.top1);
    run.at("logs").at("metrics").get_to(out.logs.metrics);
    run.at("logs").at("quarantine").get_to(out.logs.quarantine);
    run.at("logs").at("ledger").get_to(out.logs.ledger);
    run.at("best").get_to(out.best);
    run.at("best_epoch").get_to(out.best_epoch);
    const json& last = run.at("last");
    last.at("epoch").get_to(out.last.epoch);
    last.at("train_loss").get_to(out.last.train_loss);
    last.at("train_top1").get_to(out.last.train_top1);
    out.last.val_loss = to_optional(last.at("val_loss"));
    out.last.val_top1 = to_optional(last.at("val_top1"));
    out.last.val_top5 = to_optional(last.at("val_top5"));
    if (const auto rows = last.find("rows"); rows != last.end() && !rows->is_null()) {
      out.last.rows = static_cast<Task>(rows->get<int>());
      for (const json& figure : last.at("figures"))
        out.last.figures.push_back(
            {figure.at("name"), to_optional(figure.at("value")).value_or(NAN), figure.at("lower_is_better")});
    }
    out.torch_threads = run.value("torch_threads", 0);
    run.at("data").get_to(out.data);
    run.at("val").get_to(out.val);
    out.totals = Totals::from_json(run.at("totals").get<std::string>());
    run.at("recipe").get_to(out.recipe);
    run.at("classes").get_to(out.classes);
  } catch (const json::exception& error) {
    throw Error(Code::kData, "'" + origin + "' does not say where the training stood: " + error.what());
  }
  return out;
}

}  // namespace penstock::train
