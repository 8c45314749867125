import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.mlflow.api.proto.ModelRegistry.ModelVersion;
import org.mlflow.api.proto.Service.CreateExperiment;
import org.mlflow.api.proto.Service.ExperimentTag;
import org.mlflow.api.proto.Service.Metric;
import org.mlflow.api.proto.Service.Param;
import org.mlflow.api.proto.Service.Run;
import org.mlflow.api.proto.Service.RunInfo;
import org.mlflow.api.proto.Service.RunStatus;
import org.mlflow.api.proto.Service.RunTag;
import org.mlflow.api.proto.Service.ViewType;
import org.mlflow.tracking.MlflowClient;
import org.mlflow.tracking.MlflowHttpException;
import org.mlflow.tracking.Page;
import org.mlflow.tracking.RunsPage;

/**
 * What training code on the JVM does with the `mlflow-client`, unmodified: nothing in here knows Orrery. Run by
 * mlflow-java.test.ts with the address of a server; fails with an exception, or prints the ids it made.
 */
public class MlflowJavaClient {
  public static void main(String[] args) throws Exception {
    try (MlflowClient client = new MlflowClient(args[0])) {
      String experiment = experiments(client);
      String run = training(client, experiment);
      searches(client, experiment);
      bin(client, experiment);
      registry(client, run);
      System.out.println("{\"experiment\": \"" + experiment + "\", \"run\": \"" + run + "\"}");
    }
  }

  static String experiments(MlflowClient client) {
    CreateExperiment asked = CreateExperiment.newBuilder()
        .setName("jvm")
        .addTags(ExperimentTag.newBuilder().setKey("team").setValue("green"))
        .build();
    String id = client.createExperiment(asked);
    refused(400, "RESOURCE_ALREADY_EXISTS", () -> client.createExperiment("jvm"));
    client.renameExperiment(id, "java");
    client.setExperimentTag(id, "stage", "early");
    same(client.getExperiment(id).getName(), "java");
    same(client.getExperiment(id).getTagsCount(), 2);
    same(client.getExperimentByName("java").get().getExperimentId(), id);
    same(client.getExperimentByName("jvm").isPresent(), false);
    same(client.searchExperiments("tags.team = 'green'").getItems().size(), 1);
    client.deleteExperiment(id);
    same(client.getExperiment(id).getLifecycleStage(), "deleted");
    client.restoreExperiment(id);
    refused(404, "RESOURCE_DOES_NOT_EXIST", () -> client.getExperiment("404"));
    return id;
  }

  static String training(MlflowClient client, String experiment) {
    RunInfo run = client.createRun(experiment);
    String id = run.getRunId();
    client.logParam(id, "depth", "6");
    for (int step = 0; step < 5; step++) client.logMetric(id, "loss", 1.0 / (step + 1), 1_700_000_000_000L + step, step);
    client.logMetric(id, "diverged", Double.NaN);
    client.setTag(id, "note", "first");
    client.setTag(id, "gone", "soon");
    client.deleteTag(id, "gone");
    client.logBatch(
        id,
        Arrays.asList(Metric.newBuilder().setKey("auc").setValue(0.8).setTimestamp(1).setStep(1).build()),
        Arrays.asList(Param.newBuilder().setKey("rate").setValue("0.1").build()),
        Arrays.asList(RunTag.newBuilder().setKey("team").setValue("green").build()));
    refused(400, "INVALID_PARAMETER_VALUE", () -> client.logParam(id, "depth", "7"));
    client.setTerminated(id, RunStatus.FINISHED);
    Run kept = client.getRun(id);
    same(kept.getInfo().getStatus(), RunStatus.FINISHED);
    same(kept.getData().getParamsList().stream().map(Param::getKey).sorted().collect(Collectors.toList()),
        Arrays.asList("depth", "rate"));
    same(kept.getData().getMetricsCount(), 3);
    List<Metric> history = client.getMetricHistory(id, "loss");
    same(history.stream().map(Metric::getStep).collect(Collectors.toList()), Arrays.asList(0L, 1L, 2L, 3L, 4L));
    same(history.get(4).getValue(), 0.2);
    return id;
  }

  static void searches(MlflowClient client, String experiment) {
    for (int i = 0; i < 3; i++) client.logMetric(client.createRun(experiment).getRunId(), "auc", 0.5 + i / 10.0);
    List<String> places = Arrays.asList(experiment);
    same(client.searchRuns(places, "metrics.auc > 0.75 and params.depth = '6'").size(), 1);
    RunsPage first = client.searchRuns(places, "metrics.auc > 0", ViewType.ACTIVE_ONLY, 3, Arrays.asList("metrics.auc DESC"));
    same(first.getItems().size(), 3);
    same(first.hasNextPage(), true);
    same(first.getNextPage().getItems().iterator().next().getInfo().getExperimentId(), experiment);
    refused(400, "INVALID_PARAMETER_VALUE", () -> client.searchRuns(places, "metrics.auc ~ 1"));
  }

  static void bin(MlflowClient client, String experiment) {
    String run = client.createRun(experiment).getRunId();
    client.deleteRun(run);
    same(client.getRun(run).getInfo().getLifecycleStage(), "deleted");
    client.restoreRun(run);
    same(client.getRun(run).getInfo().getLifecycleStage(), "active");
  }

  /** The Java client reads the registry; what it has no method for, it sends as it is. */
  static void registry(MlflowClient client, String run) throws Exception {
    String source = "runs:/" + run + "/model";
    client.sendPost("registered-models/create", "{\"name\": \"beans\", \"tags\": [{\"key\": \"kind\", \"value\": \"jvm\"}]}");
    for (int i = 0; i < 3; i++)
      client.sendPost("model-versions/create", "{\"name\": \"beans\", \"source\": \"" + source + "\", \"run_id\": \"" + run + "\"}");
    refused(400, "RESOURCE_ALREADY_EXISTS", () -> client.sendPost("registered-models/create", "{\"name\": \"beans\"}"));
    client.sendPost("model-versions/transition-stage", "{\"name\": \"beans\", \"version\": \"2\", \"stage\": \"Production\"}");
    client.sendPatch("model-versions/update", "{\"name\": \"beans\", \"version\": \"2\", \"description\": \"roasted\"}");
    same(client.getRegisteredModel("beans").getTags(0).getValue(), "jvm");
    ModelVersion version = client.getModelVersion("beans", "2");
    same(Arrays.asList(version.getDescription(), version.getCurrentStage(), version.getRunId(), version.getSource()),
        Arrays.asList("roasted", "Production", run, source));
    same(numbers(client.getLatestVersions("beans")), Arrays.asList("2", "3"));
    same(numbers(client.getLatestVersions("beans", Arrays.asList("Production"))), Arrays.asList("2"));
    same(client.getModelVersionDownloadUri("beans", "1"), source);
    same(client.searchModelVersions("name = 'beans' and run_id = '" + run + "'").getItems().size(), 3);
    Page<ModelVersion> first = client.searchModelVersions("name = 'beans'", 2, Arrays.asList("version_number ASC"));
    same(first.getNextPage().getItems().iterator().next().getVersion(), "3");
    refused(409, "RESOURCE_CONFLICT", () -> client.deleteRun(run));
    refused(404, "RESOURCE_DOES_NOT_EXIST", () -> client.getModelVersion("beans", "9"));
  }

  static List<String> numbers(List<ModelVersion> versions) {
    return versions.stream().map(ModelVersion::getVersion).sorted().collect(Collectors.toList());
  }

  static void same(Object seen, Object expected) {
    if (!Objects.equals(seen, expected)) throw new AssertionError(seen + " instead of " + expected);
  }

  interface Call {
    void ask() throws Exception;
  }

  static void refused(int status, String code, Call call) {
    try {
      call.ask();
    } catch (MlflowHttpException error) {
      same(error.getStatusCode(), status);
      if (!error.getBodyMessage().contains(code)) throw new AssertionError(error.getBodyMessage() + " says no " + code);
      return;
    } catch (Exception error) {
      throw new AssertionError(error);
    }
    throw new AssertionError("nothing was refused with " + code);
  }
}
