#include "config/load.h"

#include <gtest/gtest.h>

#include "tests/config/example.h"

namespace longhaul::config {
namespace {

std::string error_of(const std::string& old_text, const std::string& new_text) {
  const auto loaded = parse(with(example_yaml(), old_text, new_text), "run.yaml", "/runs/a");
  return loaded ? "accepted" : loaded.error().message;
}

TEST(Load, ReadsACompleteFileAndMakesPathsAbsolute) {
  const auto loaded = parse(example_yaml(), "run.yaml", "/runs/a");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->run.name, "demo");
  EXPECT_EQ(loaded->paths.store, "/runs/a/store");
  EXPECT_EQ(loaded->paths.node, "/runs/a/nodes");
  ASSERT_EQ(loaded->data.corpora.size(), 2u);
  EXPECT_EQ(loaded->data.corpora[0].path, "/runs/a/corpus/en");
  EXPECT_EQ(loaded->data.corpora[0].weight, 2.0);
  EXPECT_EQ(loaded->data.corpora[1].weight, 1.0);
  EXPECT_EQ(loaded->parallel.ranks(), 4);
}

TEST(Load, NamesFileLineColumnKeyValueAndWhatIsAllowed) {
  EXPECT_EQ(error_of("layers: 4", "layers: four"),
            "run.yaml:10:11: model.layers is 'four'; it must be a whole number from 1 to 1000");
  EXPECT_EQ(error_of("layers: 4", "layers: 0"),
            "run.yaml:10:11: model.layers is '0'; it must be a whole number from 1 to 1000");
  EXPECT_EQ(error_of("version: 1", "version: 2"),
            "run.yaml:1:10: version is '2'; it must be a whole number from 1 to 1");
}

TEST(Load, RefusesWhatTheYamlLibraryLetsPass) {
  EXPECT_NE(error_of("layers: 4", "layers: 010").find("model.layers is '010'"), std::string::npos);
  EXPECT_NE(error_of("layers: 4", "layers: 1_0").find("model.layers is '1_0'"), std::string::npos);
  EXPECT_NE(error_of("layers: 4", "layers: \"4\"").find("model.layers is '4'"), std::string::npos);
  EXPECT_NE(error_of("layers: 4", "layers:").find("model.layers is empty"), std::string::npos);
  EXPECT_EQ(error_of("hidden: 256", "layers: 5"),
            "run.yaml:11:3: model.layers is given twice; once is right");
  EXPECT_NE(error_of("0.001", "1e-3x").find("optimizer.learning_rate is '1e-3x'"), std::string::npos);
  EXPECT_NE(error_of("0.001", ".nan").find("optimizer.learning_rate is '.nan'"), std::string::npos);
}

TEST(Load, RefusesTextThatIsNotUtf8BecauseItGoesIntoJson) {
  EXPECT_EQ(error_of("name: demo\n",
                     "name: demo\n  title: gr\xF6\xDF"
                     "e\n"),
            "run.yaml:4:10: run.title is 'gr?\?e'; it must be a text in UTF-8");
  EXPECT_NE(error_of("name: demo\n", "name: demo\n  description: \xff\n").find("run.description is '?'"),
            std::string::npos);
  EXPECT_NE(error_of("weight: 2", "name: \xC0\xAF").find("data.corpora[0].name is '?\?'"), std::string::npos);
  EXPECT_NE(error_of("corpus/de", "corpus/\xE9").find("data.corpora[1].path is 'corpus/?'"),
            std::string::npos);
  EXPECT_EQ(error_of("name: demo\n", "name: demo\n  title: größe\n"), "accepted");
}

TEST(Load, SuggestsTheKeyThatWasMeant) {
  EXPECT_NE(
      error_of("layers: 4", "layer: 4").find("run.yaml:10:3: unknown key model.layer (did you mean layers?)"),
      std::string::npos);
  EXPECT_NE(error_of("  seed: 7\n", "  speed: 7\n").find("unknown key run.speed (did you mean seed?)"),
            std::string::npos);
}

TEST(Load, RefusesValuesThatDoNotFitTogether) {
  EXPECT_NE(error_of("data: 4}", "data: 3}")
                .find("run.yaml:15:11: parallel asks for tensor 1 × pipeline 1 × data 3 = 3 ranks"),
            std::string::npos);
  EXPECT_NE(
      error_of("heads: 4", "heads: 3").find("model.hidden is 256; it must be a multiple of model.heads = 3"),
      std::string::npos);
  EXPECT_NE(error_of("global: 16", "global: 15").find("batch.global is 15"), std::string::npos);
  EXPECT_NE(error_of("global: 16", "global: 4").find("2 micro-batches for parallel.data = 4"),
            std::string::npos);
  EXPECT_NE(error_of("decay_samples: 32000", "decay_samples: 5\n  warmup_samples: 5")
                .find("must exceed warmup_samples"),
            std::string::npos);
  EXPECT_NE(error_of("name: demo", "name: ../x").find("run.name is '../x'"), std::string::npos);
}

TEST(Load, NamesTheSectionThatIsMissingAndTheYamlThatIsBroken) {
  EXPECT_NE(parse("version: 1\n", "r.yaml", "/").error().message.find("run is missing; it is required"),
            std::string::npos);
  EXPECT_NE(parse("version: [1\n", "r.yaml", "/").error().message.find("not valid YAML"), std::string::npos);
  EXPECT_NE(parse("- 1\n", "r.yaml", "/").error().message.find("the file is a list"), std::string::npos);
  EXPECT_EQ(load("/nowhere/run.yaml").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace longhaul::config
