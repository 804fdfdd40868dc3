"""The sensors of what people drop, edit and register: uploads, tracked files, models, adapters.

Belongs here: looking, and requesting what follows. What a change is, is decided in the modules *_watch.py and watching.py.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from dagster import AssetKey, RunRequest, SensorDefinition, SensorEvaluationContext, SensorResult

from lenovo_pipeline.automation import adapter_watch, model_watch, upload_watch
from lenovo_pipeline.automation.alerting import raise_alert
from lenovo_pipeline.automation.jobs import TRACKED_INPUTS, evaluate_model, read_inputs, refresh_uploads, take_adapters
from lenovo_pipeline.automation.looking import found, looks, with_wrong
from lenovo_pipeline.automation.production_sensors import flag_edited
from lenovo_pipeline.automation.watching import Watch, changes, content_of
from lenovo_pipeline.failures import TransientFailure
from lenovo_pipeline.models.foundation import Opens
from lenovo_pipeline.partitions import DEFAULT_MODEL, MODEL_PARTITIONS
from lenovo_pipeline.resources.inference import Inference
from lenovo_pipeline.resources.store import Store
from lenovo_pipeline.settings import PROJECT_ROOT, Settings
from lenovo_pipeline.uploads.scan import snapshot


def make_input_sensors(settings: Settings, inference: Opens | None = None) -> Sequence[SensorDefinition]:
    """The sensors for these settings; `inference` is how models are reached (default: as the settings say)."""
    store = Store(settings.store)

    @looks(every_s=15, job=refresh_uploads, description="Starts what new, changed and deleted files in data/uploads touch.")
    def uploads_changed(context: SensorEvaluationContext) -> SensorResult:
        watch = upload_watch.Watch.from_json(context.cursor)
        now = snapshot(settings.uploads, watch.prints, max_bytes=settings.upload_max_bytes)
        decision = upload_watch.decide(watch, now)
        key, tags = decision.run_key, {"uploads": decision.reason}
        if key and context.cursor:
            flag_edited(context, store, {"uploads/files": f"{decision.reason} ({key})"})
        return found([RunRequest(run_key=key, tags=tags)] if key else [], decision.watch.to_json(), decision.reason)

    @looks(every_s=15, job=read_inputs, description="Reads prompts, policy, workflows or catalogue again when they changed.")
    def inputs_changed(context: SensorEvaluationContext) -> SensorResult:
        now = {name: content_of(getattr(settings, name)) for name in TRACKED_INPUTS}
        changed = changes("input", Watch.from_json(context.cursor), now, new_counts=True)
        flag_edited(context, store, {TRACKED_INPUTS[name]: f"edited ({key})" for name, key in changed.run_keys.items()})
        requests = [
            RunRequest(run_key=key, asset_selection=[AssetKey(TRACKED_INPUTS[name].split("/"))], tags={"input": name})
            for name, key in changed.run_keys.items()
        ]
        return found(requests, changed.watch.to_json(), "No input has changed.")

    @looks(
        every_s=60,
        job=evaluate_model,
        description="Evaluates a model again whose weights, tokenizer or template changed where it lies or is served.",
    )
    def models_changed(context: SensorEvaluationContext) -> SensorResult:
        made = sorted(context.instance.get_materialized_partitions(AssetKey(["models", "foundation"])))
        look = model_watch.look_at(
            made, settings.catalogue, inference or Inference(settings), PROJECT_ROOT, bundled=DEFAULT_MODEL
        )
        decision = model_watch.decide(model_watch.Watch.from_json(context.cursor), look)
        requests = [RunRequest(run_key=key, partition_key=model) for model, key in decision.run_keys.items()]
        said = with_wrong(context, "No model has changed.", decision.unread)
        return found(requests, decision.watch.to_json(), said)

    @looks(
        every_s=60, job=evaluate_model, description="Evaluates a model again when somebody registered a version of it in MLflow."
    )
    def mlflow_models_changed(context: SensorEvaluationContext) -> SensorResult:
        try:
            now, models = registered_versions(store)
        except Exception as error:
            raise TransientFailure(
                f"MLflow cannot be read ({type(error).__name__}); nothing is concluded from that",
                remedy="See that it runs, and that MLFLOW_TRACKING_URI is its address.",
            ) from error
        changed = changes("mlflow", Watch.from_json(context.cursor), now, new_counts=True)
        known = MODEL_PARTITIONS.get_partition_keys()
        requests = [
            RunRequest(run_key=key, partition_key=models[name], tags={"mlflow_version": name})
            for name, key in changed.run_keys.items()
            if models.get(name) in known
        ]
        strange = {
            name: f"{name} is registered in MLflow for no model of the catalogue; give it a tag `model` that names one."
            for name in changed.run_keys
            if models.get(name) not in known
        }
        for name, problem in strange.items():
            raise_alert(store, changed.run_keys[name], "unknown_model", version=name, found=[problem])
        said = with_wrong(context, "No new version in MLflow for a model of the catalogue.", list(strange.values()))
        return found(requests, changed.watch.to_json(), said)

    @looks(
        every_s=15,
        job=take_adapters,
        description="Registers and evaluates adapters that were dropped into data/adapters, as soon as they are copied whole.",
    )
    def adapters_dropped(context: SensorEvaluationContext) -> SensorResult:
        from lenovo_pipeline.models.registry.dropped import problems_of

        watch = adapter_watch.Watch.from_json(context.cursor)
        now = adapter_watch.stamps(settings.adapters)
        decision = adapter_watch.decide(watch, now, time.time())
        refused = {}
        for name in decision.settled:
            # What can be told without the base, which only a run opens.
            if problems := problems_of(settings.adapters / name, name.partition("/")[0], None):
                refused[name] = problems
                raise_alert(
                    store, f"adapter-{name.replace('/', '.')}-{now[name]}", "adapter_refused", adapter=name, found=problems
                )
        touched = {name.partition("/")[0] for name in (*decision.settled, *decision.gone) if name not in refused}
        requests = [
            RunRequest(run_key=f"adapters-{model}-{watch.requests + number}", partition_key=model)
            for number, model in enumerate(sorted(touched & set(MODEL_PARTITIONS.get_partition_keys())), start=1)
        ]
        wrong = [f"{name} is left alone: {'; '.join(problems)}" for name, problems in sorted(refused.items())]
        cursor = replace(decision.watch, requests=watch.requests + len(requests)).to_json()
        said = with_wrong(context, "No sound adapter was dropped, or none has settled yet.", wrong)
        return found(requests, cursor, said)

    return [uploads_changed, inputs_changed, models_changed, mlflow_models_changed, adapters_dropped]


def registered_versions(store: Store) -> tuple[dict[str, str], dict[str, str]]:
    """Versions in the MLflow model registry that the pipeline did not register itself, by `name/version`: what tells each from
    another, and the model of the catalogue that its tag or its name says. Raises what MLflow raises.
    """
    from lenovo_pipeline.resources.tracking import quiet_mlflow, tracking_uri

    uri = tracking_uri(store.mlflow)
    if uri.startswith("sqlite:") and not store.mlflow.exists():
        return {}, {}
    quiet_mlflow()
    from mlflow import MlflowClient

    client = MlflowClient(uri, registry_uri=uri)
    versions, models, token = {}, {}, None
    while True:
        page = client.search_model_versions("", max_results=1_000, page_token=token)
        for each in page:
            tags = dict(each.tags or {})
            if "lenovo.kind" in tags or "mlflow.prompt.is_prompt" in tags:
                continue
            name = f"{each.name}/{each.version}"
            versions[name] = str(each.source or each.run_id or each.creation_timestamp)
            models[name] = tags.get("model") or str(each.name).rpartition(".")[0] or str(each.name)
        token = page.token
        if not token:
            return versions, models
