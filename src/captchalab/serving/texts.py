"""The words of the pages, in every language that they speak; and which of them a browser wants."""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES = {"en": "English", "zh": "中文"}
HTML_LANGUAGES = {"en": "en", "zh": "zh-Hans"}

TEXTS: dict[str, tuple[str, str]] = {
    # every page
    "skip": ("Skip to the content", "跳到正文"),
    "nav": ("Pages", "页面"),
    "nav_try": ("Try it", "试用"),
    "nav_models": ("Models", "模型"),
    "nav_runs": ("Runs", "训练"),
    "nav_api": ("API", "接口"),
    "language": ("Language", "语言"),
    "noscript": (
        "This page needs JavaScript; the API does not: see the command below.",
        "本页需要 JavaScript；接口不需要：见下面的命令。",
    ),
    # try it
    "try_title": ("Read a picture", "识别图片"),
    "choose": ("Choose a picture", "选择图片"),
    "drop": ("drop one on this page, or paste one (Ctrl+V)", "把图片拖到本页，或粘贴（Ctrl+V）"),
    "drop_here": ("Drop it here", "松开即可识别"),
    "draw": ("Draw one", "画一张试试"),
    "takes": (
        "PNG, JPEG, GIF, WebP or BMP, up to {size}. It is read and forgotten.",
        "PNG、JPEG、GIF、WebP 或 BMP，不超过 {size}。识别后即丢弃，不会保存。",
    ),
    "constraints": ("What is known of the text", "已知的文字条件"),
    "model": ("Model", "模型"),
    "model_auto": ("chosen by the picture", "按图片自动选择"),
    "alphabet": ("Characters", "字符集"),
    "alphabet_hint": (
        "names (digits, lower, upper, alnum …) or characters",
        "名称（digits、lower、upper、alnum…）或字符",
    ),
    "length": ("Length", "长度"),
    "length_hint": ("4, or 4-6", "4，或 4-6"),
    "pattern": ("Pattern", "格式"),
    "pattern_hint": ("a regular expression: [A-Z]{2}[0-9]+", "正则表达式：[A-Z]{2}[0-9]+"),
    "fold_case": ("Ignore case", "不分大小写"),
    "answer": ("Work out a sum", "计算算式结果"),
    "min_confidence": ("Least confidence", "最低置信度"),
    "api_key": ("API key", "API 密钥"),
    "api_key_hint": ("stays in this tab", "只留在本标签页"),
    "clear": ("Clear", "清空"),
    "waiting": ("Reading …", "识别中…"),
    "result": ("Reading", "识别结果"),
    "picture_alt": ("the picture that was read", "被识别的图片"),
    "nothing": ("no character", "没有字符"),
    "confidence": ("confidence", "置信度"),
    "answer_is": ("comes to", "结果为"),
    "by_character": ("Character by character", "逐个字符"),
    "by_step": ("Step by step", "逐步概率"),
    "by_step_hint": (
        "What the network sees at each step from left to right, before any condition: the stronger the "
        "colour, the surer. ␣ is a space, ∅ no character.",
        "网络从左到右每一步看到的内容（未加条件）；颜色越浓越确定。␣ 为空格，∅ 表示没有字符。",
    ),
    "time_total": ("in all", "总计"),
    "time_server": ("in the server", "服务器内"),
    "time_queue": ("waiting there", "其中排队"),
    "read_by": ("read by", "所用模型"),
    "chosen_with": ("chosen with", "选择把握"),
    "same_call": ("The same call", "同样的调用"),
    "copy": ("Copy", "复制"),
    "copied": ("Copied", "已复制"),
    "raw": ("The answer as JSON", "JSON 原文"),
    "unreachable": ("The server cannot be reached.", "无法连接服务器。"),
    "no_picture": ("What was given is no picture.", "给出的不是图片。"),
    # models
    "models_title": ("Models", "模型"),
    "characters_count": ("{n} characters", "{n} 个字符"),
    "of_length": ("of length {length}", "长度 {length}"),
    "figure": ("figure", "指标"),
    "value": ("value", "数值"),
    "figures": ("Figures", "指标"),
    "no_figures": ("The model file holds no figures.", "模型文件中没有指标。"),
    "facts": ("Facts", "说明"),
    "details": ("Figures, confusions and mistakes", "指标、混淆与错误"),
    "sha256": ("SHA-256", "SHA-256"),
    "network": ("network", "网络"),
    "decoder": ("decoder", "解码"),
    "input": ("input", "输入"),
    "grey": ("grey", "灰度"),
    "colour": ("colour", "彩色"),
    "lengths": ("lengths", "长度"),
    "created": ("made", "生成时间"),
    "trained_on": ("trained on", "训练数据"),
    "training": ("training", "训练过程"),
    "sequence_accuracy": ("whole texts right", "整串准确率"),
    "sequence_accuracy_folded": ("the same, case ignored", "整串准确率（不分大小写）"),
    "character_accuracy": ("characters right", "字符准确率"),
    "character_error_rate": ("character error rate", "字符错误率"),
    "images": ("pictures", "图片数"),
    "milliseconds_per_image": ("milliseconds a picture", "每张毫秒数"),
    "validation": ("validation", "验证"),
    "interval": ("95%: {low} to {high}", "95% 区间：{low} 至 {high}"),
    "confusion": ("Confused characters", "易混字符"),
    "true": ("true", "实际"),
    "read": ("read", "识别为"),
    "count": ("count", "次数"),
    "none_confused": ("None.", "无。"),
    "matrix_alt": ("the confusion matrix; the pairs are listed beside it", "混淆矩阵；各对字符见列表"),
    "mistakes": ("Mistakes", "错误"),
    "mistakes_hint": (
        "The surest first: a sure mistake is often a wrong label.",
        "最有把握的排在前面：很有把握的错误往往是标签错了。",
    ),
    "mistake_alt": ("a misread picture", "读错的图片"),
    "report_of": ("Measured on {source}", "测试数据：{source}"),
    "no_report": (
        "No report lies beside this model. This writes one:",
        "模型旁没有报告。用此命令生成：",
    ),
    "refused": ("Refused", "被拒绝的文件"),
    "its_run": ("Its training, with curves", "查看训练曲线"),
    # the API
    "api_title": ("API", "接口"),
    "api_intro": (
        "Errors are application/problem+json with a request_id. For machines:",
        "错误以 application/problem+json 返回，含 request_id。机器可读的说明：",
    ),
    "parameters": ("parameters", "参数"),
    "takes_body": ("body", "请求体"),
    "answers": ("answers", "状态码"),
    # runs
    "runs_title": ("Runs", "训练"),
    "no_runs": (
        "No runs to show: start the server with --runs FOLDER, or serve the model of a run folder.",
        "没有可显示的训练：启动时加 --runs 目录，或直接提供训练目录中的模型。",
    ),
    "state_done": ("finished", "已完成"),
    "state_going": ("training", "训练中"),
    "state_resting": ("stopped", "已停止"),
    "step_of": ("step {step} of {steps}", "第 {step} / {steps} 步"),
    "step_only": ("step {step}", "第 {step} 步"),
    "left": ("about {time} left", "约剩 {time}"),
    "pictures_seen": ("pictures seen", "已看图片"),
    "per_second": ("pictures a second", "每秒图片数"),
    "best": ("best so far", "目前最好"),
    "not_yet": ("not yet", "尚无"),
    "loss": ("Loss", "损失"),
    "accuracy": ("Accuracy", "准确率"),
    "wrong_share": ("Share of texts read wrong", "整串错误率"),
    "speed": ("Pictures a second", "每秒图片数"),
    "learning_rate": ("Learning rate", "学习率"),
    "series_training": ("training", "训练"),
    "series_validation": ("validation", "验证"),
    "series_characters": ("validation, characters", "验证（字符）"),
    "sheets": ("Pictures", "图片"),
    "sheet_samples": ("What it was trained on", "训练样本"),
    "sheet_predictions": ("What it reads: right in green, wrong in red", "识别结果：绿色正确，红色错误"),
    "sheet_mistakes": ("What it reads wrong", "读错的图片"),
    "waiting_step": ("Training has not finished its first step.", "训练还没有完成第一步。"),
    "unreadable_metrics": ("metrics.csv cannot be read: {why}", "无法读取 metrics.csv：{why}"),
    "lost": ("The server does not answer; trying again …", "服务器没有响应；正在重试…"),
}


class Words:
    """The texts of one language: ``words.nav_try``, ``words("step_of", step=3)``."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.html_language = HTML_LANGUAGES[language]
        self._column = list(LANGUAGES).index(language)

    def __call__(self, name: str, **values: object) -> str:
        text = TEXTS[name][self._column]
        return text.format(**values) if values else text

    def __getattr__(self, name: str) -> str:
        try:
            return TEXTS[name][self._column]
        except KeyError:
            raise AttributeError(name) from None


def language_of(query: Mapping[str, str], cookies: Mapping[str, str], accepted: str) -> str:
    """What was chosen now, what was chosen before, or the language that the browser prefers."""
    for chosen in (query.get("lang"), cookies.get("lang")):
        if chosen in LANGUAGES:
            return chosen
    wanted: list[tuple[float, str]] = []
    for part in accepted.split(","):
        tag, _, weight = part.strip().partition(";q=")
        language = tag.partition("-")[0].lower()
        if language in LANGUAGES:
            try:
                wanted.append((float(weight or 1), language))
            except ValueError:
                continue
    return max(wanted, key=lambda each: each[0])[1] if wanted else next(iter(LANGUAGES))
